//! A data folder of one run: nobody else's, gone when the run ends, and swept up by the next run if this
//! process was killed before it could remove it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::workspace::made_folder;

/// Held locked by the process that owns the folder; the lock ends with the process, however that ends.
const OWNER: &str = ".owner";

/// A folder that is removed on drop.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    _owner: File,
}

impl RunFolder {
    /// Makes a folder readable by this user alone, `purpose` in its name.
    pub(crate) fn create(purpose: &str) -> io::Result<Self> {
        let root = made_folder().join("run");
        fs::create_dir_all(&root)?;
        // Held while folders are made and swept, so that a folder without an owner is an abandoned one
        // and never one that is just being made.
        let gate = File::create(root.join(".lock"))?;
        gate.lock()?;
        sweep(&root)?;
        let path = root.join(format!("{purpose}-{:08x}", rand::random::<u32>()));
        DirBuilder::new().mode(0o700).create(&path)?;
        let owner = File::create(path.join(OWNER))?;
        owner.lock()?;
        Ok(Self { path, _owner: owner })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What cannot be removed now is swept up by the next run.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Removes the folders whose owner is gone.
fn sweep(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        let abandoned = File::open(folder.join(OWNER)).map_or(true, |owner| owner.try_lock().is_ok());
        if abandoned {
            let _ = fs::remove_dir_all(&folder);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn is_private_and_gone_after_the_run() {
        use std::os::unix::fs::PermissionsExt;
        let folder = RunFolder::create("test").unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn sweeps_what_a_killed_run_left_and_nothing_that_lives() {
        let alive = RunFolder::create("test").unwrap();
        let abandoned = made_folder().join("run/test-abandoned");
        fs::create_dir_all(&abandoned).unwrap();
        fs::write(abandoned.join(OWNER), "").unwrap();
        let next = RunFolder::create("test").unwrap();
        assert!(!abandoned.exists());
        assert!(alive.path().exists() && next.path().exists());
    }
}
