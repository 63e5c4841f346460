//! The folder `.data` of this program, below the folder that it was started in: files for its owner alone.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a new file, which only its owner may read, in a folder that only its owner may enter.
///
/// # Errors
/// The file exists already, or the disk is full or not writable.
pub fn write_new(folder: &str, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(path)
}
