//! What other settings would do: small paintings side by side, of which the artist may choose one.

use super::painting::Painting;
use super::state::State;
use crate::recipe::{Colours, Recipe, Scales, StyleCurve, StyleLoss, parameter};
use crate::studio::{Command, SketchSheet};

/// Long side of a sketch, in pixels: that of the first stage of a default painting.
const SKETCH_SIZE: u32 = parameter::START_SIZE.default;
/// By then a sketch shows what its painting will look like.
const SKETCH_ITERATIONS: u32 = 60;
/// How much more, or less, of the photo's drawing is seen at a glance.
const DRAWING_STEP: f32 = 7.0;
/// Sketches in a row.
pub const COLUMNS: usize = 3;

/// Settings that can be chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    /// What is different, in an artist's words.
    pub name: &'static str,
    /// The settings.
    pub recipe: Recipe,
}

/// The sketches that the artist chooses from.
#[derive(Debug)]
pub struct Variations {
    ticket: u64,
    /// The settings of each, row by row.
    pub choices: Vec<Variation>,
    /// What they look like by now.
    pub sheet: Option<SketchSheet>,
}

impl Variations {
    /// How far all of them are, from 0 to 1.
    #[must_use]
    pub fn done(&self) -> f32 {
        self.sheet.as_ref().map_or(0.0, |sheet| sheet.done)
    }
}

impl State {
    /// Asks for sketches around the settings as they are.
    pub fn vary(&mut self) -> Command {
        self.tickets += 1;
        let choices = around(&self.recipe);
        let recipes = choices.iter().map(|choice| sketch_of(&choice.recipe)).collect();
        self.variations = Some(Variations { ticket: self.tickets, choices, sheet: None });
        Command::Sketch { ticket: self.tickets, recipes }
    }

    /// Whether the painting waits until the sketches are done or something was chosen.
    #[must_use]
    pub fn is_held_by_variations(&self) -> bool {
        self.variations.as_ref().is_some_and(|variations| variations.done() < 1.0)
    }

    /// Where a painting stands, in words.
    #[must_use]
    pub fn phase_text(&self, painting: &Painting) -> &'static str {
        if painting.is_working() && self.is_held_by_variations() {
            return "Waiting for the variations";
        }
        painting.phase_text()
    }

    /// Takes sketches in; those that were asked for earlier are dropped.
    pub fn take_sketches(&mut self, sheet: SketchSheet) {
        if let Some(variations) = self.variations.as_mut().filter(|variations| variations.ticket == sheet.ticket) {
            variations.sheet = Some(sheet);
        }
    }

    /// Puts the settings of one of them in force, or of none, and ends the sketches.
    pub fn choose_variation(&mut self, index: Option<usize>) -> Option<Command> {
        let variations = self.variations.take()?;
        if let Some(chosen) = index.and_then(|index| variations.choices.get(index)) {
            // What else was changed meanwhile, a mask or a picture, stays.
            let same = |choice: &Variation| choice.name == chosen.name;
            if let Some(choice) = around(&self.recipe).into_iter().find(same) {
                self.recipe = choice.recipe;
            }
        }
        Some(Command::EndSketches)
    }
}

/// The settings as they are in the middle, what is opposite to each other on opposite sides of it.
fn around(recipe: &Recipe) -> Vec<Variation> {
    let vary = |name: &'static str, change: &dyn Fn(&mut Recipe)| {
        let mut varied = recipe.clone();
        change(&mut varied);
        Variation { name, recipe: varied }
    };
    let strength = |doublings: f32| {
        let range = parameter::STYLE_STRENGTH;
        (recipe.style_strength + doublings).clamp(range.min, range.max)
    };
    let scale =
        |factor: f32| (recipe.style_scale * factor).clamp(parameter::STYLE_SCALE.min, parameter::STYLE_SCALE.max);
    let colours = match recipe.colours {
        Colours::Style => ("The photo's colours", Colours::Photo),
        Colours::Photo => ("The style's colours", Colours::Style),
    };
    let matched = if recipe.colour_match < 50.0 {
        ("Style nearer to the photo's colours", 100.0)
    } else {
        ("Style in its own colours", 0.0)
    };
    // Where there is no photo to hold to, the other style loss is what makes a difference.
    let drawing_or_loss = if recipe.preset.balance().content > 0.0 {
        let (name, by) = if recipe.drawing < DRAWING_STEP {
            ("More of the photo's drawing", 1.0)
        } else {
            ("Less of the photo's drawing", -1.0)
        };
        let range = parameter::DRAWING;
        let drawing = (recipe.drawing + by * DRAWING_STEP).clamp(range.min, range.max);
        vary(name, &|varied| varied.drawing = drawing)
    } else {
        let (name, loss) = match recipe.style_loss {
            StyleLoss::Gram => ("Style by mean and covariance", StyleLoss::Moments),
            StyleLoss::Moments => ("Style by Gram matrix", StyleLoss::Gram),
        };
        vary(name, &|varied| varied.style_loss = loss)
    };
    let curve = match recipe.style_curve {
        StyleCurve::Equal => ("More of the style's texture", StyleCurve::Paper),
        StyleCurve::Paper | StyleCurve::Falling => ("More of the style's shapes", StyleCurve::Equal),
    };
    let all = vec![
        vary("Weaker style", &|varied| varied.style_strength = strength(-2.0)),
        vary("Finer strokes", &|varied| varied.style_scale = scale(0.5)),
        vary(colours.0, &|varied| varied.colours = colours.1),
        vary(curve.0, &|varied| varied.style_curve = curve.1),
        vary("As it is", &|_| ()),
        drawing_or_loss,
        vary(matched.0, &|varied| varied.colour_match = matched.1),
        vary("Broader strokes", &|varied| varied.style_scale = scale(2.0)),
        vary("Stronger style", &|varied| varied.style_strength = strength(2.0)),
    ];
    // At the end of a range there is nowhere to go.
    all.into_iter().filter(|choice| choice.name == "As it is" || choice.recipe != *recipe).collect()
}

/// The same, small and short.
fn sketch_of(recipe: &Recipe) -> Recipe {
    let iterations = recipe.iterations.min(SKETCH_ITERATIONS);
    Recipe { size: recipe.size.min(SKETCH_SIZE), scales: Scales::Single, iterations, ..recipe.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Preset;

    #[test]
    fn every_variation_changes_one_thing_and_can_be_painted() {
        for preset in Preset::ALL {
            let recipe = Recipe::from_preset(*preset);
            let choices = around(&recipe);
            assert_eq!(choices.len(), COLUMNS * COLUMNS, "{preset}");
            assert_eq!(choices[4].recipe, recipe, "{preset}");
            for choice in &choices {
                assert!(recipe.changes_to(&choice.recipe).len() <= 1, "{preset}: {}", choice.name);
                sketch_of(&choice.recipe).validate().unwrap();
            }
            // And there is a way back from each by another.
            for choice in choices.iter().filter(|choice| choice.recipe != recipe && !choice.name.contains("shapes")) {
                let back = around(&choice.recipe);
                assert!(back.iter().any(|back| back.recipe == recipe), "{preset}: {}", choice.name);
            }
        }
    }

    #[test]
    fn what_would_change_nothing_is_left_out() {
        let strongest = Recipe { style_strength: parameter::STYLE_STRENGTH.max, ..Recipe::default() };
        let names = |recipe: &Recipe| around(recipe).iter().map(|choice| choice.name).collect::<Vec<_>>();
        assert!(!names(&strongest).contains(&"Stronger style"));
        assert!(names(&strongest).contains(&"As it is"));
    }
}
