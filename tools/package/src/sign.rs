// SPDX-License-Identifier: MIT OR Apache-2.0
//! The certificate of test packages, and signatures with it.

use crate::tool::{capture, run, said};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whom the certificate names.
pub const SUBJECT: &str = "Arioso test certificate";
const DAYS: &str = "3650";
/// An authority's certificate (`CA:TRUE`) would be refused as a signer's.
const REQUEST: &str = "\
[req]
prompt = no
distinguished_name = subject
x509_extensions = signer
[subject]
CN = Arioso test certificate
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, codeSigning
subjectKeyIdentifier = hash
";

/// Who signs.
#[derive(Clone, Debug)]
pub struct Signer {
    /// PEM
    pub certificate: PathBuf,
    /// PEM, without a password.
    pub key: PathBuf,
}

impl Signer {
    /// The certificate kept in `directory`, made if it is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn test(directory: &Path) -> Result<Self> {
        let signer = Self {
            certificate: directory.join("arioso.pem"),
            key: directory.join("arioso.key"),
        };
        if signer.certificate.exists() && signer.key.exists() {
            return Ok(signer);
        }
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot create {}", directory.display()))?;
        let fresh = tempfile::tempdir_in(directory)?;
        let path = |name| fresh.path().join(name);
        let (request, certificate, key) = (path("request"), path("pem"), path("key"));
        fs::write(&request, REQUEST)?;
        run(Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:3072", "-nodes", "-sha256"])
            .args(["-days", DAYS, "-config"])
            .arg(&request)
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate))
        .context("cannot make a test certificate")?;
        private(&key)?;
        fs::rename(key, &signer.key)?;
        fs::rename(certificate, &signer.certificate)?;
        Ok(signer)
    }

    /// The certificate in DER, as Windows imports it.
    ///
    /// # Errors
    /// The file is no certificate.
    pub fn certificate(&self) -> Result<Vec<u8>> {
        let output = run(Command::new("openssl")
            .args(["x509", "-outform", "DER", "-in"])
            .arg(&self.certificate))
        .with_context(|| format!("{} is no certificate", self.certificate.display()))?;
        Ok(output.stdout)
    }

    /// Signs an image or a catalog with SHA-256; of an image the pages too. No time stamp: that would need a service.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn sign(&self, input: &Path, output: &Path) -> Result<()> {
        let mut command = Command::new("osslsigncode");
        command.args(["sign", "-h", "sha256"]);
        if input.extension().is_none_or(|extension| extension != "cat") {
            command.arg("-ph");
        }
        run(command
            .arg("-certs")
            .arg(&self.certificate)
            .arg("-key")
            .arg(&self.key)
            .arg("-in")
            .arg(input)
            .arg("-out")
            .arg(output))
        .with_context(|| format!("cannot sign {}", input.display()))?;
        Ok(())
    }
}

#[cfg(unix)]
fn private(key: &Path) -> Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    Ok(fs::set_permissions(key, Permissions::from_mode(0o600))?)
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<()> {
    Ok(())
}

/// Whom a package is checked against: its own certificate, and nobody else.
#[derive(Debug)]
pub struct Authority(tempfile::NamedTempFile);

impl Authority {
    /// The certificate in a DER file, or what is wrong with it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(certificate: &Path) -> Result<Result<Self, String>> {
        let pem = tempfile::NamedTempFile::new()?;
        let output = capture(
            Command::new("openssl")
                .args(["x509", "-inform", "DER", "-in"])
                .arg(certificate)
                .arg("-out")
                .arg(pem.path()),
        )?;
        let good = output.status.success();
        Ok(if good {
            Ok(Self(pem))
        } else {
            Err(said(&output))
        })
    }

    /// What is wrong with the signature of an image or a catalog.
    ///
    /// # Errors
    /// The check cannot be made.
    pub fn verify(&self, file: &Path) -> Result<Option<String>> {
        self.run(&[], file)
    }

    /// What is wrong with an image as a member of a signed catalog.
    ///
    /// # Errors
    /// The check cannot be made.
    pub fn verify_member(&self, catalog: &Path, file: &Path) -> Result<Option<String>> {
        self.run(&[Path::new("-catalog"), catalog], file)
    }

    fn run(&self, arguments: &[&Path], file: &Path) -> Result<Option<String>> {
        let output = capture(
            Command::new("osslsigncode")
                .args(["verify", "-CAfile"])
                .arg(self.0.path())
                .args(arguments)
                .arg("-in")
                .arg(file),
        )?;
        Ok((!output.status.success()).then(|| said(&output)))
    }
}
