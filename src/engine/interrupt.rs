//! A way to call for an iteration, or what comes before one, to be broken off: on a large canvas it may take minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Result;

/// A flag that somebody raises who does not want to wait for the end of what is being computed. Its clones are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Calls for breaking off.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody does.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Lowers the flag, so that what comes next is done.
    pub fn lower(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// What was done, or `None` where that failed and this is raised: then it was broken off. Should the device have failed
    /// at that very moment, it will again.
    pub(super) fn unless_raised<T, E>(&self, result: std::result::Result<T, E>) -> std::result::Result<Option<T>, E> {
        match result {
            Err(_) if self.is_raised() => Ok(None),
            result => result.map(Some),
        }
    }

    /// An error if it is raised, for whoever computes something long.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_raised() {
            candle_core::bail!("broken off, as was asked for");
        }
        Ok(())
    }
}
