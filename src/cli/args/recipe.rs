//! The recipe that the arguments make.

use std::path::Path;

use super::RenderArgs;
use crate::cli::CliError;
use crate::cli::batch::photos;
use crate::engine::before_finishing;
use crate::image_io::{read_record, read_settings, settings_alone};
use crate::recipe::{Init, PictureSource, Recipe, StyleSource};

impl RenderArgs {
    /// One recipe for each photo that was given, or the preset's own: at least one.
    ///
    /// # Errors
    /// [`CliError::Usage`] for options that do not fit together, [`CliError::Failed`] for a file without settings or a folder
    /// without pictures.
    pub fn recipes(&self) -> Result<Vec<Recipe>, CliError> {
        let recipe = self.recipe()?;
        let photos = photos(&self.content)?;
        if photos.is_empty() {
            return Ok(vec![recipe]);
        }
        Ok(photos.iter().map(|photo| Recipe { content: source(photo), ..recipe.clone() }).collect())
    }

    /// The preset's recipe with every option but the photo that was given in its place.
    fn recipe(&self) -> Result<Recipe, CliError> {
        let mut recipe = match &self.settings {
            Some(file) => settings_of(file)?,
            None => Recipe::from_preset(self.preset),
        };
        if !self.style.is_empty() {
            recipe.styles = self.style.iter().map(|path| StyleSource::new(source(path))).collect();
        }
        each_style(&mut recipe, "--style-weights", &self.style_weights, |style, weight| style.weight = *weight)?;
        each_style(&mut recipe, "--style-scales", &self.style_scales, |style, scale| style.scale = *scale)?;
        each_style(&mut recipe, "--style-masks", &self.style_masks, |style, mask| {
            style.mask = (mask.as_os_str() != "none").then(|| source(mask));
        })?;
        recipe.photo_mask = self.photo_mask.as_deref().map(source);
        set(&mut recipe.size, self.size);
        set(&mut recipe.start_size, self.start_size);
        set(&mut recipe.style_scale, self.style_scale);
        set(&mut recipe.iterations, self.iterations);
        set(&mut recipe.style_strength, self.style_strength);
        set(&mut recipe.content_strength, self.content_strength);
        set(&mut recipe.drawing, self.drawing);
        set(&mut recipe.tv, self.tv);
        set(&mut recipe.tv_norm, self.tv_norm);
        set(&mut recipe.colours, self.colours);
        set(&mut recipe.colour_match, self.colour_match);
        set(&mut recipe.content_layers, self.content_layers.clone());
        set(&mut recipe.style_layers, self.style_layers.clone());
        set(&mut recipe.style_curve, self.style_curve);
        set(&mut recipe.style_loss, self.style_loss);
        set(&mut recipe.histogram, self.histogram);
        set(&mut recipe.scales, self.scales);
        set(&mut recipe.lbfgs_history, self.lbfgs_history);
        set(&mut recipe.lbfgs_metric, self.lbfgs_metric);
        set(&mut recipe.adam_step, self.adam_step);
        set(&mut recipe.adam_beta1, self.adam_beta1);
        set(&mut recipe.adam_beta2, self.adam_beta2);
        set(&mut recipe.averaging, self.averaging);
        set(&mut recipe.edges, self.edges);
        set(&mut recipe.optimizer, self.optimizer);
        set(
            &mut recipe.init,
            self.init.clone().map(|init| match init {
                Init::Picture(PictureSource::File(path)) => Init::Picture(source(&path)),
                other => other,
            }),
        );
        set(&mut recipe.seed, self.seed);
        set(&mut recipe.pooling, self.pooling);
        recipe.validate()?;
        Ok(recipe)
    }
}

/// The settings of a painting or of a preset's file.
fn settings_of(file: &Path) -> Result<Recipe, CliError> {
    if let Some(record) = read_record(file)? {
        // What takes one painting up to a high resolution is no setting.
        return Ok(settings_alone(&before_finishing(&record.recipe).unwrap_or(record.recipe)));
    }
    read_settings(file).map_err(|detail| {
        let words = "holds no settings, neither as a painting by Pentimento nor as a preset";
        CliError::Failed(format!("{} {words} ({detail})", file.display()))
    })
}

/// Gives every style picture its own value of an option that takes one for each.
fn each_style<T>(
    recipe: &mut Recipe,
    option: &str,
    values: &[T],
    set: impl Fn(&mut StyleSource, &T),
) -> Result<(), CliError> {
    let styles = recipe.styles.len();
    if !values.is_empty() && values.len() != styles {
        return Err(CliError::Usage(format!(
            "{option} needs one value for each style picture: {styles}, not {}",
            values.len()
        )));
    }
    recipe.styles.iter_mut().zip(values).for_each(|(style, value)| set(style, value));
    Ok(())
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *place = value;
    }
}

/// The picture that was meant: `sample:NAME`, or a file, whose path is made absolute because the recipe is saved with
/// the painting and may be read from another folder.
pub fn source(path: &Path) -> PictureSource {
    if let Some(sample @ PictureSource::Sample(_)) = path.to_str().map(|text| PictureSource::from(text.to_owned())) {
        return sample;
    }
    PictureSource::File(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::super::{Arguments, Subcommand};
    use super::*;
    use crate::recipe::{Pooling, Preset};

    fn recipe(words: &[&str]) -> Result<Recipe, CliError> {
        let words = ["pentimento", "render"].iter().chain(words);
        match Arguments::try_parse_from(words).map_err(|error| CliError::from_clap(&error))?.command {
            Some(Subcommand::Render(args)) => args.recipes().map(|mut recipes| recipes.remove(0)),
            _ => panic!("not render"),
        }
    }

    #[test]
    fn the_declaration_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn no_options_give_the_default_recipe() {
        assert_eq!(recipe(&[]).unwrap(), Recipe::default());
        assert_eq!(recipe(&["--preset", "gatys"]).unwrap(), Recipe::from_preset(Preset::Gatys));
    }

    #[test]
    fn options_override_the_preset_wherever_they_stand() {
        let found =
            recipe(&["--tv", "0.5", "--preset", "gatys", "--style-strength", "-2", "--pooling", "avg"]).unwrap();
        let gatys = Recipe::from_preset(Preset::Gatys);
        assert_eq!(found, Recipe { tv: 0.5, style_strength: -2.0, pooling: Pooling::Average, ..gatys });
    }

    #[test]
    fn several_styles_take_a_weight_each() {
        let pictures = |recipe: &Recipe| recipe.styles.iter().map(|style| style.weight).collect::<Vec<_>>();
        let one_option = recipe(&["--style", "/a.png", "/b.png", "--style-weights", "2,3"]).unwrap();
        let two_options = recipe(&["--style", "/a.png", "--style", "/b.png", "--style-weights", "2,3"]).unwrap();
        assert_eq!(pictures(&one_option), [2.0, 3.0]);
        assert_eq!(one_option, two_options);
        let error = recipe(&["--style", "/a.png", "--style-weights", "2,3"]).unwrap_err().to_string();
        assert!(error.contains("--style-weights needs one value for each style picture: 1, not 2"), "{error}");
        let error = recipe(&["--style", "/a.png", "--style-weights", "0"]).unwrap_err().to_string();
        assert!(error.contains("all style weights are zero"), "{error}");
    }

    #[test]
    fn masks_and_sizes_belong_to_their_styles() {
        let found = recipe(&["--style", "/a.png", "/b.png", "--style-scales", "1,0.5", "--style-masks", "none,/m.png"])
            .unwrap();
        assert_eq!(found.styles[0], StyleSource::new(source(Path::new("/a.png"))));
        let mask = Some(source(Path::new("/m.png")));
        assert_eq!(found.styles[1], StyleSource { scale: 0.5, mask, ..StyleSource::new(source(Path::new("/b.png"))) });
    }

    #[test]
    fn layers_are_named_with_their_weights() {
        let found = recipe(&["--content-layers", "relu3_2=0.5,conv4_2", "--style-layers", "none"]).unwrap();
        assert_eq!(found.content_layers.to_string(), "relu3_2=0.5,relu4_2");
        assert!(found.style_layers.is_empty());
        let error = recipe(&["--content-layers", "none", "--style-layers", "none"]).unwrap_err().to_string();
        assert!(error.contains("no layer carries"), "{error}");
    }

    #[test]
    fn files_are_remembered_by_their_whole_path() {
        let found = recipe(&["--content", "photo.jpg", "--style", "sample:seurat", "--init", "start.png"]).unwrap();
        let here = std::env::current_dir().unwrap();
        assert_eq!(found.content, PictureSource::File(here.join("photo.jpg")));
        assert_eq!(found.styles[0].picture, PictureSource::Sample("seurat".to_owned()));
        assert_eq!(found.init, Init::Picture(PictureSource::File(here.join("start.png"))));
        assert_eq!(recipe(&["--init", "noise"]).unwrap().init, Init::Noise);
    }
}
