// SPDX-License-Identifier: MIT OR Apache-2.0
//! The packages in `target/package` keep all rules; the same parts give the same package.

use crate::support::{output, product, root, rules};
use arioso_package::authenticode;
use arioso_package::catalog::{Catalog, content};
use arioso_package::make::Parts;
use arioso_package::sign::Signer;
use arioso_package::{Arch, check, make, release};
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

#[test]
fn the_packages_keep_all_rules() {
    for arch in Arch::ALL {
        let directory = output().join(arch.name());
        let findings = check(&directory, arch, &product()).expect("a package");
        assert_eq!(rules(findings), []);
        let findings = release::check(&output(), arch, &product()).expect("a package");
        assert_eq!(rules(findings), []);
    }
}

/// A driver that was built after its package is not what the other tests see.
#[test]
fn the_packages_hold_the_drivers_that_were_built() {
    for arch in Arch::ALL {
        let name = arch.name();
        let built = root().join(format!("target/driver/{name}/release/arioso.sys"));
        let built = fs::read(&built).unwrap_or_else(|error| panic!("{}: {error}", built.display()));
        let packed = fs::read(output().join(name).join("arioso.sys")).expect("driver");
        assert!(
            authenticode::unsigned(&built) == authenticode::unsigned(&packed),
            "target/package/{name} holds another driver than target/driver/{name}: run `cargo xtask package`"
        );
    }
}

/// `sha256sum` reads the checksums.
#[test]
fn the_checksums_are_sha256sums() {
    let verified = Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", release::SUMS])
        .current_dir(output())
        .status();
    assert!(verified.expect("sha256sum").success());
    let sums = fs::read_to_string(output().join(release::SUMS)).expect("checksums");
    // Two archives, two packages of five files; the command line in one of them, if it was built.
    assert!([12, 13].contains(&sums.lines().count()), "{sums}");
}

/// osslsigncode hashes the image as the catalog has it.
#[test]
fn the_hash_of_an_image_is_authenticodes() {
    for arch in Arch::ALL {
        let directory = output().join(arch.name());
        let driver = directory.join("arioso.sys");
        let verified = Command::new("osslsigncode")
            .args(["verify", "-in"])
            .arg(&driver)
            .output()
            .expect("osslsigncode: `cargo xtask setup` installs it");
        let text = String::from_utf8_lossy(&verified.stdout).into_owned();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("Calculated message digest"))
            .expect("a digest");
        let digest = line.trim_start_matches([' ', ':']).trim().to_lowercase();
        let image = fs::read(&driver).expect("driver");
        let ours = authenticode::digest(&image).expect("an image");
        assert_eq!(hexadecimal(&ours), digest);
        let catalog = fs::read(directory.join("arioso.cat")).expect("catalog");
        let catalog = Catalog::read(&catalog).expect("a catalog");
        let member = catalog.members.iter().find(|member| member.is_image);
        assert_eq!(member.expect("the driver").digest, ours);
        assert_eq!(catalog.members.len(), 3);
        assert_eq!(catalog.hardware_ids, [r"root\arioso"]);
    }
}

/// What a second run makes, some time later and with the signature's time another: the same but for the signatures.
#[test]
fn a_package_is_reproducible() {
    let workshop = tempfile::tempdir().expect("temporary directory");
    let signer = Signer::test(workshop.path()).expect("a certificate");
    let again = Signer::test(workshop.path()).expect("the same certificate");
    assert_eq!(
        signer.certificate().expect("DER"),
        again.certificate().expect("DER")
    );
    for arch in Arch::ALL {
        let driver = root().join(format!("target/driver/{}/release/arioso.sys", arch.name()));
        let parts = Parts {
            template: &root().join("inf/arioso.inx"),
            driver: &driver,
            bank: &output().join(arch.name()).join("arioso.dls"),
            program: None,
        };
        let [first, second] = ["first", "second"].map(|name| {
            let directory = workshop.path().join(arch.name()).join(name);
            fs::create_dir_all(&directory).expect("directory");
            let time = Duration::from_secs(1_790_000_000);
            make(&directory, &parts, arch, &product(), time, &signer).expect("a package");
            assert_eq!(
                rules(check(&directory, arch, &product()).expect("a package")),
                []
            );
            // The signature's time has seconds.
            thread::sleep(Duration::from_millis(1100));
            move |name: &str| fs::read(directory.join(name)).expect("file of the package")
        });
        for name in ["arioso.inf", "arioso.dls", "arioso.cer"] {
            assert_eq!(first(name), second(name), "{name}");
        }
        let images = [&first, &second].map(|read| read("arioso.sys"));
        assert_ne!(images[0], images[1], "signed at different times");
        let [image, other] = images.map(|image| authenticode::unsigned(&image).expect("an image"));
        assert_eq!(image, other);
        let [list, other] =
            [&first, &second].map(|read| content(&read("arioso.cat")).expect("a catalog"));
        assert_eq!(list, other);
        // The day is the sources', not today's.
        let inf = String::from_utf8(first("arioso.inf")).expect("ASCII");
        assert!(inf.contains("DriverVer = 09/21/2026,"), "{inf}");
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
