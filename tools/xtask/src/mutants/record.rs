// SPDX-License-Identifier: MIT OR Apache-2.0
//! What became of a run's mutants, a line each as it comes: a run that was stopped goes on from there.

use super::run::Fate;
use super::{Mutant, Source};
use crate::project;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A line: one of these words, a tabulator, the mutant, and behind another tabulator who noticed.
const KILLED: &str = "killed";
const SURVIVED: &str = "survived";
const UNMET: &str = "unmet";
/// Behind the other tabulator is whether quick tests come to it.
const QUICK: &str = "quick";
/// It does not compile.
const BROKEN: &str = "broken";

/// What is known of mutants, by [`Record::name`].
pub struct Record {
    open: Mutex<(File, BTreeMap<String, Known>)>,
    /// Of the files that are mutated: one that changed makes other mutants.
    sums: BTreeMap<PathBuf, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    Fate(Fate),
    /// What the quick tests came to, if none of them noticed.
    Left(Fate),
    Broken,
}

/// What is taken from an earlier run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    Nothing,
    /// What was noticed; the others are tried again.
    Noticed,
    All,
}

impl Record {
    /// Below `target/mutants`, under this name.
    pub fn open(name: &str, earlier: Earlier, sources: &[Source]) -> Result<Self> {
        let directory = project::root().join("target/mutants");
        fs::create_dir_all(&directory)?;
        Self::at(&directory.join(name), earlier, sources)
    }

    fn at(path: &Path, earlier: Earlier, sources: &[Source]) -> Result<Self> {
        let mut known = BTreeMap::new();
        if earlier != Earlier::Nothing && path.exists() {
            let text = fs::read_to_string(path)?;
            // A run that was stopped may have left its last line unfinished.
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            known.extend(whole.lines().filter_map(read));
        }
        if earlier == Earlier::Noticed {
            known.retain(|_, known| matches!(known, Known::Fate(Fate::Killed(_)) | Known::Broken));
        }
        let lines: String = known
            .iter()
            .map(|(name, known)| written(name, known))
            .collect();
        fs::write(path, lines).with_context(|| path.display().to_string())?;
        let file = File::options().append(true).open(path)?;
        Ok(Self {
            open: Mutex::new((file, known)),
            sums: sources
                .iter()
                .map(|source| (source.path.clone(), sum(&source.text)))
                .collect(),
        })
    }

    pub fn known(&self, mutant: &Mutant) -> Option<Known> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.1.get(&self.name(mutant)).cloned()
    }

    pub fn add(&self, mutant: &Mutant, known: Known) -> Result<()> {
        let name = self.name(mutant);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.0.write_all(written(&name, &known).as_bytes())?;
        open.1.insert(name, known);
        Ok(())
    }

    /// A mutant of a file's text.
    fn name(&self, mutant: &Mutant) -> String {
        let sum = self.sums.get(&mutant.file).copied().unwrap_or(0);
        let (file, at) = (mutant.file.display(), mutant.site.range.start);
        format!("{sum:016x} {at} {file}: {}", mutant.site.change())
    }
}

/// Of what can be mutated: tests that are added at the end of a file change no mutant.
fn sum(text: &str) -> u64 {
    let tests = text.find("\n#[cfg(test)]\nmod tests {");
    let mut hasher = DefaultHasher::new();
    text[..tests.unwrap_or(text.len())].hash(&mut hasher);
    hasher.finish()
}

fn written(name: &str, known: &Known) -> String {
    match known {
        Known::Fate(Fate::Killed(by)) => format!("{KILLED}\t{name}\t{by}\n"),
        Known::Fate(Fate::Survived) => format!("{SURVIVED}\t{name}\n"),
        Known::Fate(Fate::Unmet) => format!("{UNMET}\t{name}\n"),
        Known::Left(Fate::Unmet) => format!("{QUICK}\t{name}\t{UNMET}\n"),
        Known::Left(_) => format!("{QUICK}\t{name}\t{SURVIVED}\n"),
        Known::Broken => format!("{BROKEN}\t{name}\n"),
    }
}

fn read(line: &str) -> Option<(String, Known)> {
    let mut parts = line.split('\t');
    let (word, name) = (parts.next()?, parts.next()?);
    let known = match word {
        KILLED => Known::Fate(Fate::Killed(parts.next()?.to_owned())),
        SURVIVED => Known::Fate(Fate::Survived),
        UNMET => Known::Fate(Fate::Unmet),
        QUICK if parts.next()? == UNMET => Known::Left(Fate::Unmet),
        QUICK => Known::Left(Fate::Survived),
        BROKEN => Known::Broken,
        _ => return None,
    };
    Some((name.to_owned(), known))
}

#[cfg(test)]
mod tests {
    use super::super::{Area, sites};
    use super::*;

    /// A file with a mutant at each `;`.
    fn source(text: &str) -> (Source, Vec<Mutant>) {
        let sites = sites::find(text, false).unwrap();
        let mutants = sites.iter().map(|site| Mutant {
            area: Area::Core,
            file: "src/a.rs".into(),
            site: site.clone(),
        });
        let mutants = mutants.collect();
        let path = "src/a.rs".into();
        let text = text.to_owned();
        (Source { path, text, sites }, mutants)
    }

    #[test]
    fn a_stopped_run_goes_on() {
        let text = "fn f() { g(); g(); h(); }";
        let (source, mutants) = source(text);
        let sources = [source];
        let place = std::env::temp_dir().join(format!("arioso-record-{}", std::process::id()));
        let killed = Known::Fate(Fate::Killed("a test".into()));
        let survived = Known::Fate(Fate::Survived);
        let record = Record::at(&place, Earlier::All, &sources).unwrap();
        // `return`, both `g();`, `h();`
        assert_eq!(mutants.len(), 4);
        assert!(record.known(&mutants[0]).is_none());
        record.add(&mutants[0], killed.clone()).unwrap();
        record.add(&mutants[1], survived.clone()).unwrap();
        record.add(&mutants[3], Known::Broken).unwrap();
        // It is stopped while it writes.
        let whole = fs::read_to_string(&place).unwrap();
        fs::write(&place, whole + "surv").unwrap();

        let record = Record::at(&place, Earlier::All, &sources).unwrap();
        assert_eq!(record.known(&mutants[0]), Some(killed.clone()));
        assert_eq!(record.known(&mutants[1]), Some(survived.clone()));
        assert_eq!(record.known(&mutants[2]), None);
        assert_eq!(record.known(&mutants[3]), Some(Known::Broken));
        let left = [Fate::Survived, Fate::Unmet].map(Known::Left);
        for left in left {
            record.add(&mutants[2], left.clone()).unwrap();
            let record = Record::at(&place, Earlier::All, &sources).unwrap();
            assert_eq!(record.known(&mutants[2]), Some(left));
        }
        let record = Record::at(&place, Earlier::All, &sources).unwrap();
        record.add(&mutants[2], survived.clone()).unwrap();

        let record = Record::at(&place, Earlier::All, &sources).unwrap();
        assert_eq!(record.known(&mutants[2]), Some(survived.clone()));
        let record = Record::at(&place, Earlier::Noticed, &sources).unwrap();
        assert_eq!(record.known(&mutants[0]), Some(killed.clone()));
        assert_eq!(record.known(&mutants[1]), None);
        assert_eq!(record.known(&mutants[3]), Some(Known::Broken));

        let (tested, same) = self::source(&format!(
            "{text}\n#[cfg(test)]\nmod tests {{ fn t() {{}} }}"
        ));
        let record = Record::at(&place, Earlier::All, &[tested]).unwrap();
        assert_eq!(record.known(&same[0]), Some(killed.clone()));
        let (changed, others) = self::source("fn f() { g(); g(); h();  }");
        let record = Record::at(&place, Earlier::All, &[changed]).unwrap();
        assert_eq!(record.known(&others[0]), None);
        let record = Record::at(&place, Earlier::Nothing, &sources).unwrap();
        assert_eq!(record.known(&mutants[0]), None);
        fs::remove_file(&place).unwrap();
    }
}
