// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the driver's manifest says of it.

use anyhow::{Context, Result};
use arioso_resource::parse_version;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

/// The driver as Cargo knows it.
#[derive(Clone, Debug)]
pub struct Product {
    /// As in the manifest.
    pub version: String,
    /// As Windows counts.
    pub numbers: [u16; 4],
    /// What the product is, in one sentence.
    pub description: String,
    /// As Cargo.toml has them.
    pub authors: String,
    /// SPDX expression.
    pub license: String,
    /// The framework's version, major and minor.
    pub kmdf: (u16, u16),
}

impl Product {
    /// Reads the manifest of the repository at `root`.
    ///
    /// # Errors
    /// It cannot be read, or says less than a package needs.
    pub fn read(root: &Path) -> Result<Self> {
        let file = root.join("Cargo.toml");
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let manifest: Table = text.parse()?;
        let package = table(&manifest, "package")?;
        let workspace = table(table(&manifest, "workspace")?, "package")?;
        let model = table(table(table(package, "metadata")?, "wdk")?, "driver-model")?;
        let text = |name: &str| {
            let here = package.get(name).filter(|value| value.is_str());
            let value = here.or_else(|| workspace.get(name));
            let text = match value {
                Some(Value::Array(list)) => list
                    .iter()
                    .map(Value::as_str)
                    .collect::<Option<Vec<_>>>()
                    .map(|list| list.join(":")),
                value => value.and_then(Value::as_str).map(str::to_owned),
            };
            text.with_context(|| format!("the package has no {name}"))
        };
        let number = |name: &str| {
            let number = model.get(name).and_then(Value::as_integer);
            let number = number.and_then(|number| u16::try_from(number).ok());
            number.with_context(|| format!("the driver model has no {name}"))
        };
        let version = text("version")?;
        Ok(Self {
            numbers: parse_version(&version)
                .context("the version is not three numbers up to 65535")?,
            version,
            description: text("description")?,
            authors: text("authors")?,
            license: text("license")?,
            kmdf: (
                number("kmdf-version-major")?,
                number("target-kmdf-version-minor")?,
            ),
        })
    }

    /// The version as setup and Explorer write it.
    #[must_use]
    pub fn dotted(&self) -> String {
        self.numbers.map(|part| part.to_string()).join(".")
    }
}

fn table<'a>(parent: &'a Table, name: &str) -> Result<&'a Table> {
    let table = parent.get(name).and_then(Value::as_table);
    table.with_context(|| format!("there is no table {name}"))
}

#[cfg(test)]
mod tests {
    use super::Product;

    const MANIFEST: &str = r#"
        [workspace.package]
        version = "1.2.3"
        authors = ["One", "Another"]
        license = "MIT"
        [package]
        version.workspace = true
        description = "Of the driver"
        [package.metadata.wdk.driver-model]
        kmdf-version-major = 1
        target-kmdf-version-minor = 31
    "#;

    #[test]
    fn a_manifest() {
        let product = Product::parse(MANIFEST).expect("a manifest");
        assert_eq!(product.dotted(), "1.2.3.0");
        assert_eq!(product.version, "1.2.3");
        assert_eq!(product.description, "Of the driver");
        // As Cargo tells a build script.
        assert_eq!(product.authors, "One:Another");
        assert_eq!(product.license, "MIT");
        assert_eq!(product.kmdf, (1, 31));
    }

    #[test]
    fn what_a_manifest_lacks() {
        for (line, message) in [
            ("version = \"1.2.3\"", "the package has no version"),
            ("license = \"MIT\"", "the package has no license"),
            (
                "kmdf-version-major = 1",
                "the driver model has no kmdf-version-major",
            ),
            (
                "[package.metadata.wdk.driver-model]",
                "there is no table metadata",
            ),
        ] {
            let error = Product::parse(&MANIFEST.replace(line, "")).expect_err(line);
            assert_eq!(error.to_string(), message);
        }
        let long = MANIFEST.replace("1.2.3", "1.2.65536");
        let error = Product::parse(&long).expect_err("too large");
        assert!(error.to_string().contains("65535"), "{error}");
    }
}
