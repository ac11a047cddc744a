//! The styles of a painting as they are measured for its current stage, and their shares in the mixture.
//!
//! Measuring a style runs the network over the whole picture; mixing measured ones is a weighted sum of a few small
//! matrices. So every measurement is kept as long as the stage lasts and its picture is among the styles: a moved weight
//! mixes anew, and only what is new is measured.

use std::sync::Arc;

use candle_core::Tensor;

use super::colour_match::{Palette, bring_towards};
use super::evaluator::style_target;
use super::interrupt::Interrupt;
use super::memory::{self, Budget};
use super::regions::Regions;
use super::schedule::Stage;
use super::target::StyleTarget;
use super::terms::Terms;
use super::tiles::Tiles;
use super::vgg::Vgg;
use super::{EngineError, Job, canvas};
use crate::image_io::Picture;

/// The measured styles of a stage, in the recipe's order.
#[derive(Default)]
pub struct StyleMix {
    parts: Vec<Part>,
}

struct Part {
    /// Share in the mixture; all add up to 1.
    share: f64,
    style: Arc<Measured>,
}

/// A style and how it was measured.
struct Measured {
    picture: Arc<Picture>,
    reading: Reading,
    target: StyleTarget,
}

/// How a style picture is read: everything on which its measurement depends.
#[derive(Clone, PartialEq)]
struct Reading {
    width: u32,
    height: u32,
    look: Look,
    colours: Option<ColourMatch>,
}

/// Terms as far as they matter to a measurement: not how strongly they count.
#[derive(Clone)]
struct Look(Terms);

impl PartialEq for Look {
    fn eq(&self, other: &Self) -> bool {
        self.0.share_targets_with(&other.0)
    }
}

/// Towards which photo the colours are brought, and how far.
#[derive(Clone)]
struct ColourMatch {
    photo: Arc<Picture>,
    width: u32,
    height: u32,
    /// From 0 to 1.
    strength: f64,
}

impl PartialEq for ColourMatch {
    fn eq(&self, other: &Self) -> bool {
        let Self { photo, width, height, strength } = other;
        Arc::ptr_eq(&self.photo, photo) && (self.width, self.height, self.strength) == (*width, *height, *strength)
    }
}

/// Two mixtures are the same if they mix the same measurements in the same shares.
impl PartialEq for StyleMix {
    fn eq(&self, other: &Self) -> bool {
        let present = |mix: &Self| -> Vec<_> {
            mix.parts
                .iter()
                .filter(|part| part.share > 0.0)
                .map(|part| (part.share, Arc::as_ptr(&part.style)))
                .collect()
        };
        present(self) == present(other)
    }
}

impl StyleMix {
    /// The mixture that `job` asks for in `stage`, measured within `budget`. What this one has measured in the same way is taken over; a style of
    /// weight zero is not measured, but keeps its measurement if it has one.
    ///
    /// # Errors
    /// When memory does not suffice for a style at the size at which it is to be read, the device fails, or `interrupt` is
    /// raised.
    pub fn revised(
        &self,
        vgg: &Arc<Vgg>,
        job: &Job,
        stage: &Stage,
        budget: Budget,
        interrupt: &Interrupt,
    ) -> Result<Self, EngineError> {
        let total: f64 = job.recipe.styles.iter().map(|source| f64::from(source.weight)).sum();
        let mut parts = Vec::new();
        for (picture, source) in job.styles.iter().zip(&job.recipe.styles) {
            let reading = Reading::of(picture, source.scale, job, stage);
            let known = self
                .parts
                .iter()
                .map(|part| &part.style)
                .find(|style| Arc::ptr_eq(&style.picture, picture) && style.reading == reading);
            let style = match known {
                Some(style) => Arc::clone(style),
                None if source.weight == 0.0 => continue,
                None => {
                    let tiles = reading.plan(budget)?;
                    let target = style_target(vgg, &reading.read(vgg, picture)?, tiles, &reading.look.0, interrupt)?;
                    Arc::new(Measured { picture: Arc::clone(picture), reading, target })
                }
            };
            parts.push(Part { share: f64::from(source.weight) / total, style });
        }
        Ok(Self { parts })
    }

    /// What the mixture asks of the canvas of `stage`, under the masks of `job`.
    ///
    /// # Errors
    /// When there is nothing in the mixture, or the device fails.
    pub fn regions(&self, job: &Job, stage: &Stage) -> Result<Regions, EngineError> {
        let present = self.parts.iter().filter(|part| part.share > 0.0);
        let styles: Vec<_> = present.map(|part| (part.share, part.style.target.clone())).collect();
        let size = (stage.height as usize, stage.width as usize);
        Ok(Regions::new(styles, &job.masks.acting(&job.recipe), size, stage.margin)?)
    }
}

/// Refuses a job whose styles cannot be measured within `budget` at the sizes at which `stage` reads them.
///
/// # Errors
/// [`EngineError::StyleMemory`] for the first style that does not fit.
pub fn check_memory(job: &Job, stage: &Stage, budget: Budget) -> Result<(), EngineError> {
    let styles = job.styles.iter().zip(&job.recipe.styles).filter(|(_, source)| source.weight > 0.0);
    for (picture, source) in styles {
        Reading::of(picture, source.scale, job, stage).plan(budget)?;
    }
    Ok(())
}

impl Reading {
    fn of(picture: &Picture, own_scale: f32, job: &Job, stage: &Stage) -> Self {
        let scale = f64::from(job.recipe.style_scale) * f64::from(own_scale);
        let (width, height) = stage.style_size(scale, picture.width(), picture.height());
        let strength = f64::from(job.recipe.colour_match) / 100.0;
        let colours = (strength > 0.0).then(|| ColourMatch {
            photo: Arc::clone(&job.content),
            width: stage.width,
            height: stage.height,
            strength,
        });
        Self { width, height, look: Look(Terms::of(&job.recipe)), colours }
    }

    /// How it is measured within `budget`.
    fn plan(&self, budget: Budget) -> Result<Tiles, EngineError> {
        memory::plan_style(self.width, self.height, &self.look.0, budget)
    }

    /// The picture as the network is to see it.
    fn read(&self, vgg: &Vgg, picture: &Picture) -> Result<Tensor, EngineError> {
        let mut pixels = picture.to_rgb_f32(self.width, self.height);
        if let Some(ColourMatch { photo, width, height, strength }) = &self.colours {
            bring_towards(&Palette::of(&photo.to_rgb_f32(*width, *height)), *strength, &mut pixels);
        }
        Ok(canvas::from_rgb(pixels, self.width, self.height, vgg.mean_rgb(), vgg.device())?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use candle_core::Device;
    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::engine::schedule::plan;
    use crate::engine::weights::VggWeights;
    use crate::recipe::{PictureSource, Recipe, Scales, StyleSource};

    fn vgg() -> &'static Arc<Vgg> {
        static VGG: OnceLock<Arc<Vgg>> = OnceLock::new();
        VGG.get_or_init(|| Arc::new(Vgg::new(VggWeights::embedded().unwrap(), Device::Cpu)))
    }

    fn picture(width: u32, height: u32, turn: u32) -> Arc<Picture> {
        let image = RgbaImage::from_fn(width, height, |x, y| {
            let level = |factor: u32| ((x * factor + y * turn) % 200) as u8 + 20;
            Rgba([level(5), level(3 + turn), level(9), 255])
        });
        Arc::new(Picture::from_rgba(image))
    }

    /// Two styles at a size of 32 pixels.
    fn job() -> Job {
        let style = || StyleSource::new(PictureSource::Sample("starry-night".to_owned()));
        let recipe = Recipe { size: 32, scales: Scales::Single, styles: vec![style(), style()], ..Recipe::default() };
        Job {
            recipe,
            content: picture(40, 30, 1),
            styles: vec![picture(30, 40, 2), picture(25, 25, 7)],
            init: None,
            masks: Default::default(),
        }
    }

    fn mix(job: &Job, known: &StyleMix) -> StyleMix {
        let stages = plan(&job.recipe, job.content.width(), job.content.height());
        known.revised(vgg(), job, &stages[0], Budget::default(), &Interrupt::default()).unwrap()
    }

    fn fresh(job: &Job) -> StyleMix {
        mix(job, &StyleMix::default())
    }

    /// For each part of `mix`, whether it was measured for `known`.
    fn taken_over(mix: &StyleMix, known: &StyleMix) -> Vec<bool> {
        let is_known = |part: &Part| known.parts.iter().any(|known| Arc::ptr_eq(&known.style, &part.style));
        mix.parts.iter().map(is_known).collect()
    }

    #[test]
    fn weights_are_mixed_anew_and_nothing_is_measured_again() {
        let mut job = job();
        let before = fresh(&job);
        job.recipe.styles[1].weight = 3.0;
        let after = mix(&job, &before);
        assert_eq!(taken_over(&after, &before), [true, true]);
        assert!(after != before);
        assert_eq!(after.parts.iter().map(|part| part.share).collect::<Vec<_>>(), [0.25, 0.75]);
        // Only the proportions count.
        job.recipe.styles[0].weight = 2.0;
        job.recipe.styles[1].weight = 6.0;
        assert!(mix(&job, &after) == after);
    }

    #[test]
    fn a_style_without_weight_is_not_measured_but_remembered() {
        let mut job = job();
        job.recipe.styles[1].weight = 0.0;
        let one = fresh(&job);
        assert_eq!(one.parts.len(), 1);
        job.recipe.styles[1].weight = 1.0;
        let two = mix(&job, &one);
        assert_eq!(taken_over(&two, &one), [true, false]);
        job.recipe.styles[1].weight = 0.0;
        let gone = mix(&job, &two);
        assert!(gone == one, "the mixture is that of the first alone");
        job.recipe.styles[1].weight = 1.0;
        assert!(mix(&job, &gone) == two, "the second comes back without a new measurement");
    }

    #[test]
    fn only_what_is_new_is_measured() {
        let mut job = job();
        let before = fresh(&job);
        job.styles.insert(1, picture(20, 30, 3));
        job.recipe.styles.insert(1, job.recipe.styles[0].clone());
        let three = mix(&job, &before);
        assert_eq!(taken_over(&three, &before), [true, false, true]);
        // The own size of one style is no business of the others.
        job.recipe.styles[0].scale = 0.75;
        let smaller = mix(&job, &three);
        assert_eq!(taken_over(&smaller, &three), [false, true, true]);
        assert_eq!((smaller.parts[0].style.reading.width, smaller.parts[0].style.reading.height), (18, 24));
        job.styles.remove(0);
        job.recipe.styles.remove(0);
        assert_eq!(taken_over(&mix(&job, &smaller), &smaller), [true, true]);
        // A size for all is the business of each.
        job.recipe.style_scale = 2.0;
        assert_eq!(taken_over(&mix(&job, &smaller), &smaller), [false, false]);
    }

    #[test]
    fn matched_colours_depend_on_the_photo_and_unmatched_ones_do_not() {
        let mut job = job();
        let plain = fresh(&job);
        job.content = picture(40, 30, 5);
        assert!(mix(&job, &plain) == plain);
        job.recipe.colour_match = 100.0;
        let matched = mix(&job, &plain);
        assert_eq!(taken_over(&matched, &plain), [false, false]);
        assert!(mix(&job, &matched) == matched);
        job.content = picture(40, 30, 6);
        assert_eq!(taken_over(&mix(&job, &matched), &matched), [false, false]);
        // The network sees the photo's mean colour.
        let style = &matched.parts[0].style;
        let seen = style.reading.read(vgg(), &style.picture).unwrap().mean((0, 1)).unwrap();
        let photo = &style.reading.colours.as_ref().unwrap().photo;
        let photo = canvas::from_picture(photo, 32, 24, vgg().mean_rgb(), vgg().device()).unwrap();
        let photo = photo.mean((0, 1)).unwrap();
        for (seen, photo) in seen.to_vec1::<f32>().unwrap().iter().zip(photo.to_vec1::<f32>().unwrap()) {
            assert!((seen - photo).abs() < 6.0, "{seen} is far from {photo}");
        }
    }
}
