//! What the window has the desktop do: dialogs, the file manager, the clipboard. Each is done on a thread of its own, so that
//! the window never waits.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arboard::{Clipboard, ImageData};
use crossbeam_channel::Sender;
use image::RgbaImage;

use super::command::Slot;
use super::dialogs::{Answer, Purpose, missing_dialogs};
use super::notices::Severity;

/// What comes back from the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// What was answered where a path was asked for.
    Path(Purpose, Answer),
    /// Something to tell the artist.
    Notice(Severity, String),
}

/// Where it goes.
#[derive(Clone)]
pub struct Reply {
    /// Takes it to the window.
    pub responses: Sender<Response>,
    /// Tells the window that it is there.
    pub wake: Arc<dyn Fn() + Send + Sync>,
}

impl Reply {
    /// Answers.
    pub fn send(&self, response: Response) {
        // Nobody listens any more when the window was closed in the meantime.
        let _ = self.responses.send(response);
        (self.wake)();
    }
}

/// The desktop around the window. Nothing here blocks.
pub trait Desktop {
    /// Asks for a path, proposing `file_name` where one is to be written.
    fn ask(&self, purpose: Purpose, file_name: &str, parent: &eframe::Frame, reply: Reply);
    /// Shows a file or folder in the file manager.
    fn reveal(&self, path: PathBuf, reply: Reply);
    /// Puts a picture on the clipboard.
    fn copy(&self, image: Arc<RgbaImage>, reply: Reply);
}

/// The system's own.
#[derive(Default)]
pub struct NativeDesktop {
    /// On X11 what was copied is there as long as this is.
    clipboard: Arc<Mutex<Option<Clipboard>>>,
}

/// Extensions as a dialog has to be told them: under Linux it minds their case, and cameras write `JPG`.
fn as_files_have_them(extensions: &[&str], saving: bool) -> Vec<String> {
    let mut all: Vec<String> = extensions.iter().map(ToString::to_string).collect();
    if cfg!(target_os = "linux") && !saving {
        all.extend(extensions.iter().map(|extension| extension.to_uppercase()).filter(|upper| upper != "*"));
    }
    all
}

impl Desktop for NativeDesktop {
    fn ask(&self, purpose: Purpose, file_name: &str, parent: &eframe::Frame, reply: Reply) {
        let mut dialog = rfd::FileDialog::new().set_title(purpose.title()).set_parent(parent);
        for (name, extensions) in purpose.filters() {
            dialog = dialog.add_filter(*name, &as_files_have_them(extensions, purpose.is_saving()));
        }
        if purpose.is_saving() {
            dialog = dialog.set_file_name(file_name);
        }
        let otherwise = Response::Path(purpose.clone(), Answer::Unavailable);
        aside("file dialog", reply, otherwise, move || {
            let missing = missing_dialogs();
            let paths = match purpose {
                Purpose::Picture(Slot::Photo) => dialog.pick_files().unwrap_or_default(),
                _ if purpose.is_saving() => dialog.save_file().into_iter().collect(),
                _ => dialog.pick_file().into_iter().collect(),
            };
            let answer = match &paths[..] {
                [] if missing_dialogs() > missing => Answer::Unavailable,
                [] => Answer::Cancelled,
                [path] => Answer::Chosen(path.clone()),
                _ => Answer::Several(paths),
            };
            Some(Response::Path(purpose, answer))
        });
    }

    fn reveal(&self, path: PathBuf, reply: Reply) {
        let otherwise = not_shown(&path);
        aside("file manager", reply, otherwise, move || {
            let folder = if path.is_dir() { Some(&*path) } else { path.parent() };
            // Where the file manager cannot be told to point at a file, its folder will do.
            let pointed_at = !path.is_dir() && opener::reveal(&path).is_ok();
            let shown = pointed_at || folder.is_some_and(|folder| opener::open(folder).is_ok());
            (!shown).then(|| not_shown(&path))
        });
    }

    fn copy(&self, image: Arc<RgbaImage>, reply: Reply) {
        let clipboard = Arc::clone(&self.clipboard);
        let otherwise = Response::Notice(Severity::Error, not_copied("no thread can be started"));
        aside("clipboard", reply, otherwise, move || {
            let (width, height) = image.dimensions();
            let data = ImageData { width: width as usize, height: height as usize, bytes: image.as_raw().into() };
            let mut clipboard = clipboard.lock().unwrap_or_else(PoisonError::into_inner);
            let copied = match clipboard.take() {
                Some(clipboard) => Ok(clipboard),
                None => Clipboard::new(),
            }
            .and_then(|opened| clipboard.insert(opened).set_image(data));
            Some(match copied {
                Ok(()) => {
                    Response::Notice(Severity::Info, format!("Copied {width} × {height} pixels to the clipboard"))
                }
                Err(error) => Response::Notice(Severity::Error, not_copied(&error.to_string())),
            })
        });
    }
}

/// What is replied when nothing else is.
struct Owed {
    reply: Reply,
    otherwise: Option<Response>,
}

impl Drop for Owed {
    fn drop(&mut self) {
        if let Some(otherwise) = self.otherwise.take() {
            self.reply.send(otherwise);
        }
    }
}

/// Does something on a thread and replies with what comes of it, or with `otherwise` if there is no thread to be had or if it panics:
/// somebody may be waiting.
fn aside(name: &str, reply: Reply, otherwise: Response, work: impl FnOnce() -> Option<Response> + Send + 'static) {
    let mut owed = Owed { reply, otherwise: Some(otherwise) };
    // Without a thread this goes, and what is owed with it.
    let body = move || {
        let response = work();
        owed.otherwise = None;
        response.into_iter().for_each(|response| owed.reply.send(response));
    };
    let _ = std::thread::Builder::new().name(name.to_owned()).spawn(body);
}

fn not_shown(path: &Path) -> Response {
    let text = format!("{} is there, but no file manager answers to show it", path.display());
    Response::Notice(Severity::Error, text)
}

fn not_copied(reason: &str) -> String {
    format!("The picture was not copied to the clipboard: {reason}; Save as writes it to a file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_camera_wrote_in_capitals_can_be_chosen_and_is_not_proposed() {
        assert_eq!(as_files_have_them(&["png", "jpg"], false), ["png", "jpg", "PNG", "JPG"]);
        assert_eq!(as_files_have_them(&["*"], false), ["*"]);
        assert_eq!(as_files_have_them(&["png", "jpg"], true), ["png", "jpg"]);
    }

    #[test]
    fn who_waits_is_answered_even_when_the_work_panics() {
        let (responses, answers) = crossbeam_channel::unbounded();
        let reply = Reply { responses, wake: Arc::new(|| {}) };
        let notice = |text: &str| Response::Notice(Severity::Info, text.to_owned());
        let answered = |work: fn() -> Option<Response>| {
            aside("test", reply.clone(), notice("otherwise"), work);
            let Ok(Response::Notice(_, text)) = answers.recv() else { panic!("no answer") };
            text
        };
        assert_eq!(answered(|| panic!("the dialog panics")), "otherwise");
        assert_eq!(answered(|| Some(Response::Notice(Severity::Info, "done".to_owned()))), "done");
        assert!(answers.try_recv().is_err(), "and once only");
    }
}
