//! Clients of others: installed by their package managers into a folder below Cargo's target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::remote::Failure;

/// How npm installs what `package.json` names.
pub const NPM: &[&[&str]] = &[&["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]];

/// Installs a client of `benches/clients/` by these commands, unless the packages that its first file names are there
/// already, and returns where. Its files are copied in any case.
pub async fn install(client: &str, files: &[&str], steps: &[&[&str]]) -> Result<PathBuf, Failure> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("benches/clients")
        .join(client);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(client);
    fs::create_dir_all(&folder)?;
    for file in files {
        fs::copy(source.join(file), folder.join(file))?;
    }
    let packages = files.first().ok_or("a client has files")?;
    let packages = fs::read_to_string(folder.join(packages))?;
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == packages) {
        return Ok(folder);
    }
    for words in steps {
        step(&folder, words).await?;
    }
    fs::write(stamp, packages)?;
    Ok(folder)
}

/// One command of an installation.
async fn step(folder: &Path, words: &[&str]) -> Result<(), Failure> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    // A path is meant from the folder, also before the process is in it.
    let program = if program.contains('/') {
        folder.join(program)
    } else {
        PathBuf::from(program)
    };
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command
        .output()
        .await
        .map_err(|error| format!("{} cannot be run: {error}", words.join(" ")))?;
    if output.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    Err(format!("{}: {last}", words.join(" ")).into())
}
