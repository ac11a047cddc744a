//! The CUDA device against the processor, where there is one.
#![cfg(feature = "cuda")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should panic")]

use std::sync::Arc;

use pentimento::engine::comparison::compare;
use pentimento::engine::precision::{self, Precision};
use pentimento::engine::{DeviceChoice, Job, Masks, StyleEngine};
use pentimento::image_io::Picture;
use pentimento::recipe::Recipe;

#[test]
fn a_card_paints_what_the_processor_paints() {
    precision::choose(Precision::Full);
    let card = match StyleEngine::new(DeviceChoice::Cuda(0), None) {
        Ok(card) => card,
        Err(reason) => {
            eprintln!("SKIPPED: {reason}");
            return;
        }
    };
    let processor = StyleEngine::new(DeviceChoice::Cpu, None).unwrap();
    let recipe = Recipe::default();
    let content = Arc::new(Picture::load(&recipe.content).unwrap());
    let styles = vec![Arc::new(Picture::load(&recipe.styles[0].picture).unwrap())];
    let job = Job { recipe, content, styles, init: None, masks: Masks::default() };
    let found = compare(&processor, &card, &job, 131, 25).unwrap();
    assert_eq!(found.faults(1e-4, 0.02), Vec::<String>::new(), "{found:?}");
}
