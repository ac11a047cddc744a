//! Files that are either whole or not there.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that could not be written. What stood under that name before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", path.display(), explain(source))]
pub struct WriteError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes a file through `write`: aside in the same folder first, then onto the disk, then under its name in one step.
///
/// Whatever goes wrong, `path` holds either what it held before or everything that `write` wrote. A symbolic link is
/// followed; the permissions of a file that is replaced are kept, and a new one gets those that the system gives to
/// any new file.
///
/// # Errors
/// When the folder is missing or closed, the file write-protected or no ordinary file, the disk full, or `write`
/// itself fails.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<(), WriteError> {
    replace(path, write).map_err(|source| WriteError { path: path.to_path_buf(), source })
}

/// Finds out whether a file can be written under this name, without writing it: a file is made beside it and taken away again.
///
/// # Errors
/// As [`write_atomically`], but for a disk that becomes full in the meantime.
pub fn try_writing(path: &Path) -> Result<(), WriteError> {
    let attempt = || Place::find(path)?.new_file().map(drop);
    attempt().map_err(|source| WriteError { path: path.to_path_buf(), source })
}

/// Where a file goes.
struct Place {
    target: PathBuf,
    existing: Option<fs::Metadata>,
}

impl Place {
    fn find(path: &Path) -> io::Result<Self> {
        // Renaming over a link would cut it; what the artist sees under the link's name is the file behind it.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let existing = match target.metadata() {
            Ok(existing) => Some(existing),
            // A name that is too long, say, would be refused at the very end only.
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) => None,
        };
        if let Some(existing) = &existing {
            refuse_to_replace(existing)?;
        }
        Ok(Self { target, existing })
    }

    /// A file in the same folder.
    fn new_file(&self) -> io::Result<NamedTempFile> {
        match self.target.parent() {
            Some(folder) if folder.as_os_str().is_empty() => new_file_in(Path::new(".")),
            Some(folder) => new_file_in(folder),
            None => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}

fn replace(path: &Path, write: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>) -> io::Result<()> {
    let place = Place::find(path)?;
    let mut aside = place.new_file()?;
    let mut buffer = BufWriter::new(aside.as_file_mut());
    write(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    if let Some(existing) = &place.existing {
        aside.as_file().set_permissions(existing.permissions())?;
    }
    // Without this a power cut could leave the new name with none of the bytes.
    aside.as_file().sync_all()?;
    aside.persist(&place.target).map_err(|error| error.error)?;
    sync_folder(place.target.parent().unwrap_or(Path::new(".")));
    Ok(())
}

/// A rename would replace a write-protected file, and even a device, without asking.
fn refuse_to_replace(existing: &fs::Metadata) -> io::Result<()> {
    if existing.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !existing.is_file() {
        return Err(io::Error::other("this is not an ordinary file; choose another name"));
    }
    if existing.permissions().readonly() {
        return Err(io::Error::other("this file is write-protected; remove the protection or choose another name"));
    }
    Ok(())
}

/// A file with the permissions of any new file, instead of the private ones that temporary files have.
fn new_file_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pentimento-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system takes its umask off these.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Puts the rename itself onto the disk. Not every system and file system can; the file is whole either way.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// What happened and what to do about it.
fn explain(error: &io::Error) -> String {
    use io::ErrorKind::{
        InvalidFilename, IsADirectory, NotADirectory, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    match error.kind() {
        NotFound | NotADirectory => "its folder does not exist; create the folder or choose another".to_owned(),
        IsADirectory => "this is a folder; add a file name".to_owned(),
        PermissionDenied => "writing into this folder is not permitted; choose another".to_owned(),
        ReadOnlyFilesystem => "this disk cannot be written to; choose another".to_owned(),
        StorageFull | QuotaExceeded => "the disk is full; free some space or choose another".to_owned(),
        InvalidFilename => "the system does not accept this file name; choose a shorter or simpler one".to_owned(),
        _ => format!("the file cannot be written: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn put(path: &Path, text: &str) -> Result<(), WriteError> {
        write_atomically(path, |file| file.write_all(text.as_bytes()))
    }

    #[test]
    fn a_new_file_and_its_replacement_are_whole_and_leave_nothing_else() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("trace.jsonl");
        put(&path, "first").unwrap();
        put(&path, "second").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(names_in(folder.path()), ["trace.jsonl"]);
    }

    #[test]
    fn a_failure_half_way_keeps_the_old_file_and_leaves_nothing_else() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("painting.png");
        put(&path, "precious").unwrap();
        let error = write_atomically(&path, |file| {
            file.write_all(&[0; 100_000])?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err()
        .to_string();
        assert_eq!(error, format!("{}: the disk is full; free some space or choose another", path.display()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
        assert_eq!(names_in(folder.path()), ["painting.png"]);
    }

    #[test]
    fn a_missing_folder_and_a_folder_itself_are_said_to_be_that() {
        let folder = TempDir::new().unwrap();
        let missing = put(&folder.path().join("nowhere/x.png"), "x").unwrap_err().to_string();
        assert!(missing.contains("nowhere") && missing.contains("does not exist"), "{missing}");
        let itself = put(folder.path(), "x").unwrap_err().to_string();
        assert!(itself.contains("this is a folder"), "{itself}");
        put(&folder.path().join("file"), "x").unwrap();
        let through_file = put(&folder.path().join("file/x.png"), "x").unwrap_err().to_string();
        assert!(through_file.contains("does not exist"), "{through_file}");
    }

    #[test]
    fn what_can_be_written_is_known_before() {
        let folder = TempDir::new().unwrap();
        let problem = |name: &str| try_writing(&folder.path().join(name)).unwrap_err().to_string();
        put(&folder.path().join("locked.png"), "precious").unwrap();
        let mut permissions = folder.path().join("locked.png").metadata().unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(folder.path().join("locked.png"), permissions).unwrap();
        try_writing(&folder.path().join("new.png")).unwrap();
        assert!(problem("locked.png").contains("write-protected"));
        assert!(problem("no/such.png").contains("its folder does not exist"));
        assert!(problem(&"long".repeat(100)).contains("choose a shorter"));
        assert_eq!(names_in(folder.path()), ["locked.png"], "nothing is left behind");
    }

    #[test]
    fn a_write_protected_file_is_left_alone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("finished.png");
        put(&path, "precious").unwrap();
        let mut permissions = path.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let error = put(&path, "other").unwrap_err().to_string();
        assert!(error.contains("write-protected"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            path.metadata().unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn permissions_are_those_of_any_new_file_and_are_kept_on_replacement() {
            let folder = TempDir::new().unwrap();
            let (ordinary, ours) = (folder.path().join("ordinary"), folder.path().join("ours"));
            fs::write(&ordinary, "x").unwrap();
            put(&ours, "x").unwrap();
            assert_eq!(mode(&ours), mode(&ordinary));
            fs::set_permissions(&ours, fs::Permissions::from_mode(0o640)).unwrap();
            put(&ours, "y").unwrap();
            assert_eq!(mode(&ours), 0o640);
        }

        #[test]
        fn a_link_stays_a_link() {
            let folder = TempDir::new().unwrap();
            let (file, link) = (folder.path().join("file"), folder.path().join("link"));
            fs::write(&file, "old").unwrap();
            symlink(&file, &link).unwrap();
            put(&link, "new").unwrap();
            assert!(link.symlink_metadata().unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        }

        #[test]
        fn a_device_is_never_replaced_by_a_file() {
            let error = put(Path::new("/dev/null"), "x").unwrap_err().to_string();
            assert!(error.contains("/dev/null") && error.contains("not an ordinary file"), "{error}");
        }

        #[test]
        fn a_closed_folder_is_said_to_be_closed() {
            let folder = TempDir::new().unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
            // An administrator may write anywhere; there is nothing to test then.
            if File::create(folder.path().join("probe")).is_ok() {
                return;
            }
            let error = put(&folder.path().join("x.png"), "x").unwrap_err().to_string();
            assert!(error.contains("not permitted"), "{error}");
        }
    }
}
