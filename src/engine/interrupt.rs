//! A way to call for an iteration, or what comes before one, to be broken off: on a large canvas it may take minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::Result;

/// A flag that somebody raises who does not want to wait for the end of what is being computed. Its clones are one and the
/// same. Raised by several, it has to be lowered as often.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    raised: Arc<AtomicUsize>,
    /// So many looks at it are answered with no before one is with yes.
    #[cfg(test)]
    looks: Option<Arc<AtomicUsize>>,
}

impl Interrupt {
    /// Calls for breaking off.
    pub fn raise(&self) {
        self.raised.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether somebody does.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst) > 0
    }

    /// Takes one call back; without any, does nothing.
    pub fn lower(&self) {
        let _ = self.raised.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |calls| calls.checked_sub(1));
    }

    /// Raised at the look after so many.
    #[cfg(test)]
    #[must_use]
    pub fn after(looks: usize) -> Self {
        Self { raised: Arc::default(), looks: Some(Arc::new(AtomicUsize::new(looks))) }
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
        #[cfg(test)]
        if let Some(looks) = &self.looks
            && looks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Err(0)
        {
            self.raise();
        }
        if self.is_raised() {
            candle_core::bail!("broken off, as was asked for");
        }
        Ok(())
    }
}
