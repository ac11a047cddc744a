//! The parameters that wait in closed sections: what a newcomer need not see. Each section is a file of its own.

mod advanced;
mod colour;
mod layers;
mod painting;

use egui::Ui;

use super::super::command::UiCommand;
use super::super::widgets::Desk;
use super::fields;
use crate::recipe::Recipe;

/// A closed section.
struct Section {
    title: &'static str,
    help: &'static str,
    /// Draws it; changes go into the recipe.
    draw: fn(&mut Desk<'_>, &mut Recipe, &mut Ui),
    /// Gives everything in it the value that it has in the other recipe.
    reset: fn(&mut Recipe, &Recipe),
}

const SECTIONS: [Section; 4] = [painting::SECTION, colour::SECTION, layers::SECTION, advanced::SECTION];

/// Draws the sections.
pub fn settings_ui(desk: &mut Desk<'_>, ui: &mut Ui) {
    let mut recipe = desk.state.recipe.clone();
    for section in &SECTIONS {
        let changed = differs(&desk.state.recipe, &desk.state.basis.settings, section.reset);
        fields::section(ui, section.title, section.help, changed, |ui| (section.draw)(desk, &mut recipe, ui));
    }
    // The last layer cannot be taken out; whatever else would make no painting is not taken over either.
    if recipe != desk.state.recipe && recipe.validate().is_ok() {
        desk.ask(UiCommand::SetRecipe(Box::new(recipe)));
    }
}

fn differs(recipe: &Recipe, preset: &Recipe, reset: fn(&mut Recipe, &Recipe)) -> bool {
    let mut back = recipe.clone();
    reset(&mut back, preset);
    back != *recipe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Init, LayerWeights, Preset, parameter};

    #[test]
    fn every_setting_lies_in_a_section_or_among_the_three_sliders() {
        // As different from one another as two recipes can be.
        let gatys = Recipe::from_preset(Preset::Gatys);
        let other = Recipe {
            tv_norm: crate::recipe::TvNorm::L1,
            size: 64,
            style_scale: 2.0,
            colours: crate::recipe::Colours::Photo,
            colour_match: 50.0,
            content_layers: LayerWeights::even(&[(1, 1)]),
            style_layers: LayerWeights::even(&[(1, 2)]),
            style_curve: crate::recipe::StyleCurve::Equal,
            style_loss: crate::recipe::StyleLoss::Moments,
            histogram: 3.0,
            iterations: 9,
            scales: crate::recipe::Scales::CoarseToFine,
            start_size: 200,
            optimizer: crate::recipe::OptimizerKind::Adam,
            lbfgs_history: 5,
            lbfgs_metric: crate::recipe::LbfgsMetric::Broad,
            adam_step: 7.0,
            adam_beta1: 0.5,
            adam_beta2: 0.6,
            averaging: 0.7,
            init: Init::Noise,
            seed: 8,
            pooling: crate::recipe::Pooling::Average,
            edges: crate::recipe::Edges::Replicate,
            preset: Preset::Bold,
            style_strength: 1.0,
            content_strength: 2.0,
            drawing: 0.5,
            tv: 3.0,
            ..gatys.clone()
        };
        let mut reset = other.clone();
        for section in &SECTIONS {
            assert!(differs(&other, &gatys, section.reset), "{}", section.title);
            (section.reset)(&mut reset, &gatys);
        }
        // The preset itself is no deviation from it, and the three sliders are always in sight.
        let left = Recipe { preset: gatys.preset, style_strength: 0.0, content_strength: 0.0, tv: gatys.tv, ..reset };
        assert_eq!(left, gatys);
        assert_eq!(parameter::STYLE_STRENGTH.default, 0.0);
    }
}
