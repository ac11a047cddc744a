//! The window over a painter that needs no network: for working on the window itself.
//!
//! ```sh
//! cargo run --example window_without_network
//! ```

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use image::{DynamicImage, Rgba, RgbaImage};
use pentimento::app::{Opening, open_window};
use pentimento::engine::{Engine, EngineError, Job, Losses, Painter, Progress, Term, TermShare};
use pentimento::image_io::{Picture, Rgba16Image};
use pentimento::recipe::Recipe;

/// Time that one iteration pretends to take.
const ITERATION: Duration = Duration::from_millis(40);

struct Swirls;

impl Engine for Swirls {
    fn device_name(&self) -> String {
        "Pretended".to_owned()
    }

    fn begin(&self, job: &Job) -> Result<Box<dyn Painter>, EngineError> {
        Ok(Box::new(Swirl { job: job.clone(), iteration: 0, time: 0.0 }))
    }
}

/// Bends the photo towards the style's colours in moving swirls.
struct Swirl {
    job: Job,
    iteration: u32,
    /// How far the swirls have turned beyond what the iterations did.
    time: f32,
}

impl Swirl {
    const STAGES: u32 = 5;

    fn stage(&self) -> u32 {
        (self.iteration * Self::STAGES / self.job.recipe.iterations.max(1)).min(Self::STAGES - 1)
    }

    fn size(&self) -> (u32, u32) {
        let long_side = self.job.recipe.size as f32 / 2f32.sqrt().powi((Self::STAGES - 1 - self.stage()) as i32);
        let (width, height) = (self.job.content.width() as f32, self.job.content.height() as f32);
        let scale = long_side / width.max(height);
        ((width * scale).round().max(1.0) as u32, (height * scale).round().max(1.0) as u32)
    }
}

impl Painter for Swirl {
    fn step(&mut self) -> Result<Progress, EngineError> {
        std::thread::sleep(ITERATION);
        let recipe = &self.job.recipe;
        self.iteration = (self.iteration + 1).min(recipe.iterations);
        let decay = 1.0 / f64::from(self.iteration) + 0.002;
        let weights = recipe.weights();
        let content = 20.0 * f64::from(weights.content) * (1.0 - decay.sqrt() * 0.6);
        let style = 4e4 * f64::from(weights.style) * decay;
        let tv = 3.0 * f64::from(weights.tv) * (1.0 + decay);
        let (width, height) = self.size();
        Ok(Progress {
            stage: self.stage() as usize,
            stages: Self::STAGES as usize,
            iteration: self.iteration,
            iterations: recipe.iterations,
            remaining_secs: Some(f64::from(recipe.iterations - self.iteration) * ITERATION.as_secs_f64()),
            width,
            height,
            losses: Losses { loss: content + style + tv, content, style, tv, ..Losses::default() },
            evaluations: vec![],
            notice: None,
        })
    }

    fn is_finished(&self) -> bool {
        self.iteration >= self.job.recipe.iterations
    }

    fn frame(&self) -> Result<RgbaImage, EngineError> {
        let (width, height) = self.size();
        let photo = self.job.content.thumbnail(width.max(height));
        let style = self.job.styles[0].thumbnail(width.max(height));
        let time = self.iteration as f32 * 0.1 + self.time;
        let strength = 0.75 * (1.0 - (-(self.iteration as f32) / 60.0 * self.job.recipe.weights().style).exp());
        Ok(RgbaImage::from_fn(width, height, |x, y| {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let bend = 0.03 * ((v * 9.0 + time * 0.3).sin() + (u * 7.0 - time * 0.2).cos());
            let pick = |picture: &RgbaImage, u: f32, v: f32| {
                let x = (u.rem_euclid(1.0) * picture.width() as f32) as u32;
                let y = (v.rem_euclid(1.0) * picture.height() as f32) as u32;
                picture.get_pixel(x.min(picture.width() - 1), y.min(picture.height() - 1)).0
            };
            let (photo, style) = (pick(&photo, u, v), pick(&style, u + bend, v + bend));
            let mix = |channel: usize| {
                (f32::from(photo[channel]) * (1.0 - strength) + f32::from(style[channel]) * strength) as u8
            };
            Rgba([mix(0), mix(1), mix(2), 255])
        }))
    }

    fn deep_frame(&self) -> Result<Rgba16Image, EngineError> {
        Ok(DynamicImage::from(self.frame()?).into_rgba16())
    }

    fn retouch(&mut self, _picture: &Picture, _mask: &Picture) -> Result<(), EngineError> {
        Ok(())
    }

    fn go_on(&mut self) {}

    fn take_back_retouch(&mut self) -> Result<bool, EngineError> {
        Ok(false)
    }

    fn stir(&mut self, levels: f32) -> Result<(), EngineError> {
        self.time += levels;
        Ok(())
    }

    fn go_on_from(&mut self, picture: &Picture) -> Result<(), EngineError> {
        self.job.content = Arc::new(picture.clone());
        Ok(())
    }

    fn revise(&mut self, job: &Job) -> Result<(), EngineError> {
        self.job = job.clone();
        Ok(())
    }

    fn shares(&mut self) -> Result<Vec<TermShare>, EngineError> {
        let Recipe { content_layers, style_layers, .. } = &self.job.recipe;
        let weights = self.job.recipe.weights();
        let content = content_layers.iter().map(|(layer, weight)| (Term::Content(layer), weight * weights.content));
        let style = style_layers.iter().map(|(layer, weight)| (Term::Style(layer), weight * weights.style));
        let share =
            |(term, weight)| TermShare { term, loss: f64::from(weight) * 10.0, gradient_rms: f64::from(weight) };
        Ok(content.chain(style).map(share).collect())
    }
}

fn main() {
    let make_engine = Arc::new(|_: Option<&Path>| Ok(Arc::new(Swirls) as Arc<dyn Engine>));
    let mut arguments = std::env::args_os().skip(1).map(Into::into);
    let opening = Opening { content: arguments.next(), style: arguments.next(), weights: None };
    if let Err(error) = open_window(make_engine, opening) {
        eprintln!("pentimento: {error}");
        std::process::exit(1);
    }
}
