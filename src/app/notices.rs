//! What was reported to the artist: shown for a while, listed afterwards. Never modal.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::command::UiCommand;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something did not work.
    Error,
}

/// One message.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Tells it from the others.
    pub id: u64,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence.
    pub text: String,
    /// How often it was reported in a row.
    pub times: u32,
    /// When it was reported last, in seconds of the window's clock.
    pub at_secs: f64,
    /// When it leaves the screen, in seconds of the window's clock.
    pub until_secs: f64,
    /// What may be done about it, once.
    pub offer: Option<Offer>,
}

/// A button beside a message.
#[derive(Debug, Clone)]
pub enum Offer {
    /// Take back what it reports.
    Undo(UiCommand),
    /// Show the file that it names in the file manager.
    Reveal(PathBuf),
}

/// All messages, newest last.
#[derive(Debug, Default)]
pub struct Notices {
    notices: VecDeque<Notice>,
    next_id: u64,
    unread_errors: u32,
}

impl Notices {
    const LISTED: usize = 100;
    const INFO_SECS: f64 = 5.0;
    const ERROR_SECS: f64 = 12.0;
    /// Long enough to read it, decide and reach the button.
    const OFFERING_SECS: f64 = 12.0;

    /// Reports something.
    pub fn push(&mut self, severity: Severity, text: impl Into<String>, now_secs: f64) {
        let text = text.into();
        let until_secs = now_secs
            + match severity {
                Severity::Info => Self::INFO_SECS,
                Severity::Error => Self::ERROR_SECS,
            };
        if severity == Severity::Error {
            self.unread_errors += 1;
        }
        // A fault that repeats with every iteration must not push everything else out.
        if let Some(last) = self.notices.back_mut().filter(|last| last.text == text) {
            last.times += 1;
            (last.at_secs, last.until_secs) = (now_secs, until_secs);
            return;
        }
        self.add(severity, text, now_secs, until_secs, None);
    }

    /// Reports something in the place of an earlier report, if that is still on the screen; tells its number.
    pub fn push_instead(&mut self, earlier: Option<u64>, text: String, now_secs: f64) -> u64 {
        if let Some(earlier) = earlier {
            self.dismiss(earlier);
        }
        self.add(Severity::Info, text, now_secs, now_secs + Self::INFO_SECS, None);
        self.next_id - 1
    }

    /// Reports something that can be taken back. It can still be taken back from the list when it has left the screen.
    pub fn push_undoable(&mut self, text: impl Into<String>, undo: UiCommand, now_secs: f64) {
        let until_secs = now_secs + Self::OFFERING_SECS;
        self.add(Severity::Info, text.into(), now_secs, until_secs, Some(Offer::Undo(undo)));
    }

    /// Reports a file that was written.
    pub fn push_written(&mut self, text: String, path: PathBuf, now_secs: f64) {
        self.add(Severity::Info, text, now_secs, now_secs + Self::OFFERING_SECS, Some(Offer::Reveal(path)));
    }

    fn add(&mut self, severity: Severity, text: String, at_secs: f64, until_secs: f64, offer: Option<Offer>) {
        self.notices.push_back(Notice { id: self.next_id, severity, text, times: 1, at_secs, until_secs, offer });
        self.next_id += 1;
        if self.notices.len() > Self::LISTED {
            self.notices.pop_front();
        }
    }

    /// What this one offers; it leaves the screen. A thing is taken back once, and shown as often as one likes.
    pub fn take_offer(&mut self, id: u64) -> Option<UiCommand> {
        self.dismiss(id);
        let offer = &mut self.notices.iter_mut().find(|notice| notice.id == id)?.offer;
        match offer.clone()? {
            Offer::Reveal(path) => Some(UiCommand::Reveal(path)),
            Offer::Undo(undo) => {
                *offer = None;
                Some(undo)
            }
        }
    }

    /// Offers no longer to take back what cannot be taken back any more.
    pub fn withdraw(&mut self, gone: impl Fn(&UiCommand) -> bool) {
        for notice in &mut self.notices {
            notice.offer.take_if(|offer| matches!(offer, Offer::Undo(undo) if gone(undo)));
        }
    }

    /// The newest report of something done to files or to the canvas that can still be taken back, if it is newer than `since_secs`.
    #[must_use]
    pub fn undoable_since(&self, since_secs: f64) -> Option<u64> {
        let counts = |notice: &&Notice| {
            let undo = match &notice.offer {
                Some(Offer::Undo(undo)) => undo,
                Some(Offer::Reveal(_)) | None => return false,
            };
            // What is about settings is a step of theirs.
            matches!(
                undo,
                UiCommand::RestoreFavourite { .. } | UiCommand::BringBackPreset(_) | UiCommand::TakeBackRetouch
            )
        };
        self.newest_first().find(counts).filter(|notice| notice.at_secs > since_secs).map(|notice| notice.id)
    }

    /// All messages, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Notice> {
        self.notices.iter().rev()
    }

    /// Those that are still on the screen, oldest first.
    pub fn on_screen(&self, now_secs: f64) -> impl DoubleEndedIterator<Item = &Notice> {
        self.notices.iter().filter(move |notice| notice.until_secs > now_secs)
    }

    /// Takes one off the screen; it stays in the list.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(notice) = self.notices.iter_mut().find(|notice| notice.id == id) {
            notice.until_secs = f64::NEG_INFINITY;
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.notices.clear();
        self.unread_errors = 0;
    }

    /// Errors since the list was last looked at.
    #[must_use]
    pub fn unread_errors(&self) -> u32 {
        self.unread_errors
    }

    /// The list is being looked at.
    pub fn mark_read(&mut self) {
        self.unread_errors = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_leaves_the_screen_but_not_the_list() {
        let mut notices = Notices::default();
        notices.push(Severity::Error, "no room", 10.0);
        assert_eq!(notices.on_screen(11.0).count(), 1);
        assert_eq!(notices.on_screen(60.0).count(), 0);
        assert_eq!(notices.newest_first().count(), 1);
        assert_eq!(notices.unread_errors(), 1);
    }

    #[test]
    fn what_was_done_is_taken_back_once() {
        let mut notices = Notices::default();
        for _ in 0..2 {
            notices.push_undoable("gone", UiCommand::Dismiss(7), 10.0);
        }
        let ids: Vec<u64> = notices.newest_first().map(|notice| notice.id).collect();
        assert_eq!(ids.len(), 2, "two deeds, two ways back");
        assert!(matches!(notices.take_offer(ids[0]), Some(UiCommand::Dismiss(7))));
        assert!(notices.take_offer(ids[0]).is_none());
        assert_eq!(notices.on_screen(11.0).count(), 1);
    }

    #[test]
    fn what_cannot_be_taken_back_any_more_is_not_offered() {
        let mut notices = Notices::default();
        notices.push_undoable("brushed", UiCommand::TakeBackRetouch, 10.0);
        notices.push_undoable("style", UiCommand::RemoveStyle(0), 11.0);
        let brushed = notices.undoable_since(9.0).unwrap();
        assert_eq!(notices.newest_first().find(|notice| notice.id == brushed).unwrap().text, "brushed");
        assert_eq!(notices.undoable_since(10.0), None, "what is about settings is a step of theirs");
        notices.withdraw(|undo| matches!(undo, UiCommand::TakeBackRetouch));
        assert_eq!(notices.undoable_since(9.0), None);
        assert_eq!(notices.newest_first().count(), 2);
    }

    #[test]
    fn a_repeated_message_is_counted_instead_of_repeated() {
        let mut notices = Notices::default();
        for second in 0..500 {
            notices.push(Severity::Error, "again", f64::from(second));
        }
        assert_eq!(notices.newest_first().map(|notice| notice.times).collect::<Vec<_>>(), [500]);
    }
}
