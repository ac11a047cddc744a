//! Whether there is a card to paint on, found out before anything is called that would end the program if there is none.
//!
//! The libraries of NVIDIA are loaded when they are first called, and a missing one is a panic deep inside. So they are
//! looked for first, in the order in which they are needed, and the first that is missing is named.

use std::panic::{AssertUnwindSafe, catch_unwind};

use candle_core::Device;

/// A library without which nothing is painted on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// Comes with the driver.
    Driver,
    /// Matrix products.
    Blas,
    /// Random numbers; the tensor library asks for it.
    Rand,
    /// Convolutions.
    Dnn,
}

impl Library {
    /// All, in the order in which they are looked for.
    pub const ALL: [Self; 4] = [Self::Driver, Self::Blas, Self::Rand, Self::Dnn];

    /// What is said where it is missing.
    fn missing(self) -> &'static str {
        match self {
            Self::Driver => "no NVIDIA driver was found",
            Self::Blas => "the library cuBLAS was not found",
            Self::Rand => "the library cuRAND was not found",
            Self::Dnn => "the library cuDNN was not found",
        }
    }
}

/// A machine, asked step by step.
pub trait Probe {
    /// Whether a library can be loaded.
    fn has(&self, library: Library) -> bool;
    /// Starts the driver and counts the cards; an error in words.
    fn cards(&self) -> Result<usize, String>;
    /// Makes a card ready; an error in words.
    fn open(&self, number: usize) -> Result<Device, String>;
}

/// Opens card `number`, or says in half a sentence why it cannot be had.
pub fn open(probe: &impl Probe, number: usize) -> Result<Device, String> {
    if let Some(library) = Library::ALL.into_iter().find(|library| !probe.has(*library)) {
        return Err(library.missing().to_owned());
    }
    let guarded = catch_unwind(AssertUnwindSafe(|| {
        let cards = probe.cards()?;
        if number >= cards {
            return Err(match cards {
                0 => "the NVIDIA driver finds no card".to_owned(),
                1 => "there is one card only, cuda:0".to_owned(),
                _ => format!("there are {cards} cards only, cuda:0 to cuda:{}", cards - 1),
            });
        }
        probe.open(number)
    }));
    // A library that loads, but is too old or not whole, still panics where a function is missing.
    guarded.unwrap_or_else(|_| Err("a library of NVIDIA's is damaged or too old".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A machine with these libraries and that many cards.
    struct Machine {
        libraries: Vec<Library>,
        cards: Result<usize, String>,
        opens: fn() -> Result<Device, String>,
        asked: Cell<usize>,
    }

    impl Machine {
        fn complete() -> Self {
            let libraries = Library::ALL.to_vec();
            Self { libraries, cards: Ok(1), opens: || Ok(Device::Cpu), asked: Cell::new(0) }
        }
    }

    impl Probe for Machine {
        fn has(&self, library: Library) -> bool {
            self.libraries.contains(&library)
        }

        fn cards(&self) -> Result<usize, String> {
            self.asked.set(self.asked.get() + 1);
            self.cards.clone()
        }

        fn open(&self, _: usize) -> Result<Device, String> {
            self.asked.set(self.asked.get() + 1);
            (self.opens)()
        }
    }

    #[test]
    fn a_missing_library_is_named_and_nothing_is_called() {
        for (library, name) in Library::ALL.into_iter().zip(["driver", "cuBLAS", "cuRAND", "cuDNN"]) {
            let mut machine = Machine::complete();
            machine.libraries.retain(|other| *other != library);
            let reason = open(&machine, 0).unwrap_err();
            assert!(reason.contains(name), "{reason}");
            assert_eq!(machine.asked.get(), 0, "{name}: the libraries that are there must stay alone");
        }
    }

    #[test]
    fn a_card_that_is_not_there_is_refused() {
        for (cards, number, words) in [(0, 0, "no card"), (1, 1, "cuda:0"), (3, 3, "cuda:0 to cuda:2")] {
            let machine = Machine { cards: Ok(cards), ..Machine::complete() };
            let reason = open(&machine, number).unwrap_err();
            assert!(reason.contains(words), "{reason}");
            assert_eq!(machine.asked.get(), 1, "no card is opened");
        }
        let machine = Machine { cards: Err("the driver does not start".to_owned()), ..Machine::complete() };
        assert_eq!(open(&machine, 0).unwrap_err(), "the driver does not start");
    }

    #[test]
    fn a_card_is_opened_and_a_panic_in_a_library_is_a_reason() {
        assert!(open(&Machine::complete(), 0).is_ok());
        let machine = Machine { opens: || panic!("undefined symbol: cudnnCreate"), ..Machine::complete() };
        assert!(open(&machine, 0).unwrap_err().contains("too old"));
    }
}
