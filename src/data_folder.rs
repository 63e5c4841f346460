//! The folder `.data` of this program, below the folder that it was started in: files for its owner alone.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The folder.
pub const FOLDER: &str = ".data";

/// The file with the secret, and the characters of 32 bytes in base64.
const SECRET: &str = "secret";
const SECRET_LENGTH: usize = 44;

/// Creates a folder that only its owner may enter, if it does not exist.
///
/// # Errors
/// The disk is full or not writable.
pub fn create(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Writes a new file, which only its owner may read, in a folder that only its owner may enter.
///
/// # Errors
/// The file exists already, or the disk is full or not writable.
pub fn write_new(folder: &str, name: &str, content: &[u8]) -> io::Result<PathBuf> {
    let folder = Path::new(folder);
    create(folder)?;
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

/// The secret that a class has stored here; `None` before the first class.
///
/// # Errors
/// The file cannot be read, or a program was stopped while it wrote the file.
pub fn secret() -> io::Result<Option<String>> {
    match std::fs::read_to_string(Path::new(FOLDER).join(SECRET)) {
        // An incomplete secret could be guessed, so that sessions could be forged.
        Ok(text) if text.trim().len() < SECRET_LENGTH => Err(io::Error::other("it is incomplete")),
        Ok(text) => Ok(Some(text.trim().to_owned())),
        // A file in place of the folder holds no secret either.
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The secret of a class. The first call makes and stores a random one, so it is the same after a restart.
///
/// # Errors
/// The file cannot be written or read.
pub fn secret_or_new() -> io::Result<String> {
    if let Some(secret) = secret()? {
        return Ok(secret);
    }
    let new = STANDARD.encode(rand::random::<[u8; 32]>());
    match write_new(FOLDER, SECRET, new.as_bytes()) {
        Ok(_) => Ok(new),
        // Another program has stored one in between.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => secret()?.ok_or(error),
        Err(error) => Err(error),
    }
}
