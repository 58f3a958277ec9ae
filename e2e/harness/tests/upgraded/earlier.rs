//! An earlier release, as a program. `TRIMTAB_EARLIER_BIN` names a real one. Otherwise it is played: this build with the
//! guard of that release in place of its own, and without any knowledge of its own, as that release had none.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use trimtab_e2e::{repository, trimtab_bin};
use trimtab_guard::releases::RELEASES;

/// The guard of release 0.1.0.
pub const GUARD: &str = "operators/guard/tests/releases/0.1.0.yaml";

/// The program, in `dir` if it is played.
pub fn program(dir: &Path) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TRIMTAB_EARLIER_BIN") {
        return Ok(PathBuf::from(path));
    }
    let mut bytes = fs::read(trimtab_bin()?)?;
    let own = fs::read(repository().join("policies/approval.yaml"))?;
    let mut guard = fs::read(repository().join(GUARD))?;
    ensure!(guard.len() <= own.len(), "the earlier guard is longer: it has no room in this build");
    // The end of a YAML file may be blank.
    guard.resize(own.len(), b'\n');
    replace(&mut bytes, &own, &guard).context("policies/approval.yaml is not in the program: build it again")?;
    let known = RELEASES.last().context("no release")?.guard.as_bytes();
    replace(&mut bytes, known, &vec![b'0'; known.len()]).context("the digest of its guard is not in the program")?;
    let path = dir.join("trimtab-0.1.0");
    fs::write(&path, bytes)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// Replaces `old` by `new`, which is as long, wherever it is; an error if it is nowhere.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) -> Result<()> {
    let first = *old.first().context("nothing to replace")?;
    let (mut from, mut found) = (0, 0);
    while let Some(next) = bytes[from..].iter().position(|byte| *byte == first) {
        let at = from + next;
        from = at + 1;
        if bytes[at..].starts_with(old) {
            bytes[at..at + old.len()].copy_from_slice(new);
            found += 1;
        }
    }
    ensure!(found > 0, "it is nowhere");
    Ok(())
}

#[test]
fn what_is_replaced_has_the_same_length() -> Result<()> {
    let mut bytes = b"..abab..aba".to_vec();
    replace(&mut bytes, b"ab", b"xy")?;
    assert_eq!(bytes, b"..xyxy..xya");
    assert!(replace(&mut bytes, b"ab", b"xy").is_err());
    Ok(())
}
