//! A way to call for an iteration to be broken off: on a large canvas one may take minutes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Result;

/// A flag that somebody raises who does not want to wait for the end of an iteration. Its clones are one and the same.
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

    /// Lowers the flag, so that the next iteration is done.
    pub fn lower(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    /// An error if it is raised, for whoever computes something long.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_raised() {
            candle_core::bail!("broken off, as was asked for");
        }
        Ok(())
    }
}
