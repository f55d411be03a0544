//! Where things lie in this checkout: the sources that devkit builds, and the folder for what it makes.

use std::env;
use std::path::{Path, PathBuf};

/// The folder of the devkit package, where the Go modules lie.
pub(crate) fn devkit_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder for all that devkit makes: `devkit/` in Cargo's target folder, so that
/// `cargo clean` removes it and Git ignores it.
pub(crate) fn made_folder() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR")
        .filter(|folder| !folder.is_empty())
        .map_or_else(
            || devkit_folder().with_file_name("target"),
            |folder| std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
        );
    target.join("devkit")
}

/// The first file called `name` in the folders of `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
