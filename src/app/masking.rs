//! The mask that is being painted, and how it gets into the recipe.

mod editor;
mod filling;
mod retouch;
mod target;

use std::collections::HashMap;
use std::sync::Arc;

use image::{GrayImage, Rgb, RgbImage, RgbaImage};

use super::action::Action;
use super::brush::Area;
use super::state::State;
use crate::image_io::{fit_long_side, rgb_over_white};
use crate::recipe::PictureSource;
use crate::studio::{Command, PREVIEW_SIDE_PX};

pub use editor::{BRUSH_SIZES, Editor, TOLERANCES, Tool};
use filling::Filling;
use retouch::Retouch;
pub use retouch::Source;
pub use target::MaskTarget;

/// Factor by which a key makes the brush larger.
const BRUSH_STEP: f32 = 1.25;
/// By which a key makes a fill take in more, in hundredths.
const TOLERANCE_STEP: f32 = 5.0;

/// A wish about masks.
#[derive(Debug, Clone)]
pub enum MaskCommand {
    /// Paint this mask.
    Edit(MaskTarget),
    /// Take this brush.
    Take(Tool),
    /// Draw on, through these points in fractions of the canvas.
    Draw {
        /// The points, oldest first.
        points: Vec<[f32; 2]>,
        /// Whether they erase.
        erases: bool,
    },
    /// Fill what is alike around this place, in fractions of the canvas; how much of it the tolerance says, until it is lifted.
    Fill {
        /// The place.
        at: [f32; 2],
        /// Whether it is taken out of the mask.
        erases: bool,
    },
    /// The stroke or fill is done.
    Lift,
}

/// What the window knows about painting masks.
#[derive(Debug, Default)]
pub struct Masking {
    /// The brush.
    pub tool: Tool,
    editor: Option<Editor>,
    /// Masks on their way into the library: the last ticket of each, and the picture that it is about.
    on_their_way: HashMap<MaskTarget, (u64, PictureSource)>,
    tickets: u64,
    editors: u64,
    /// What was brushed into the canvas and is to be handed to the painting.
    retouched: Option<Retouch>,
}

impl Masking {
    /// The mask on the easel, if there is one.
    #[must_use]
    pub fn editor(&self) -> Option<&Editor> {
        self.editor.as_ref()
    }

    /// Whether an action makes sense now.
    #[must_use]
    pub fn offers(&self, action: Action) -> bool {
        let Some(editor) = &self.editor else { return false };
        let resting = !editor.is_drawing() && !editor.is_waiting();
        match action {
            Action::UndoStroke => resting && !editor.done.is_empty(),
            Action::RedoStroke => resting && !editor.undone.is_empty(),
            // In the middle of a stroke the other would begin over it.
            Action::ToggleFill => !editor.is_drawing(),
            Action::InvertMask | Action::SaveMask | Action::OpenMask => resting,
            Action::ClearMask => resting && (editor.in_force || editor.mask.iter().any(|grey| *grey > 0)),
            _ => true,
        }
    }

    /// Leaves the mask. What was brushed into the canvas counts.
    pub fn leave(&mut self) {
        self.retouched = self.editor.take().and_then(Retouch::of).or_else(|| self.retouched.take());
    }

    /// Puts another on the easel.
    fn put(&mut self, editor: Editor) {
        self.leave();
        self.editor = Some(editor);
    }

    fn next_serial(&mut self) -> u64 {
        self.editors += 1;
        self.editors
    }

    fn next_ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Whether a mask is being painted.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.editor.is_some()
    }

    /// Leaves the mask for a recipe with masks of its own.
    pub fn start_afresh(&mut self) {
        self.leave();
        self.on_their_way.clear();
    }

    /// The mask as a picture to be saved.
    #[must_use]
    pub fn to_save(&self) -> Option<Arc<GrayImage>> {
        self.editor.as_ref().map(|editor| Arc::new(editor.mask.clone()))
    }
}

impl State {
    /// Carries out a wish about masks.
    pub fn mask(&mut self, command: MaskCommand) -> Option<Command> {
        match command {
            MaskCommand::Edit(target) => return self.edit_mask(target),
            MaskCommand::Take(tool) => {
                self.masking.tool = tool;
                if let Some(editor) = self.masking.editor.as_mut() {
                    editor.refill(tool.tolerance);
                }
            }
            MaskCommand::Fill { at, erases } => return self.begin_fill(at, erases),
            MaskCommand::Draw { points, erases } => {
                let tool = self.masking.tool;
                if let Some(editor) = self.masking.editor.as_mut().filter(|editor| !editor.is_waiting()) {
                    editor.draw(tool, &points, erases);
                }
            }
            MaskCommand::Lift => {
                if self.masking.editor.as_mut().is_some_and(Editor::lift) {
                    return self.hand_over();
                }
            }
        }
        None
    }

    /// Carries out one of the actions that have to do with masks, apart from those that ask for a file.
    pub fn mask_action(&mut self, action: Action) -> Option<Command> {
        let tool = &mut self.masking.tool;
        match action {
            Action::ToggleEraser => tool.erases ^= true,
            Action::ToggleFill => tool.fills ^= true,
            Action::SmallerBrush if tool.fills => {
                tool.tolerance = (tool.tolerance - TOLERANCE_STEP).max(*TOLERANCES.start());
            }
            Action::LargerBrush if tool.fills => {
                tool.tolerance = (tool.tolerance + TOLERANCE_STEP).min(*TOLERANCES.end());
            }
            Action::SmallerBrush => tool.size = (tool.size / BRUSH_STEP).max(*BRUSH_SIZES.start()),
            Action::LargerBrush => tool.size = (tool.size * BRUSH_STEP).min(*BRUSH_SIZES.end()),
            Action::LeaveMask => {
                // A stroke that the pointer has not ended yet still counts.
                let last = self.mask(MaskCommand::Lift);
                self.masking.leave();
                return last;
            }
            _ => {}
        }
        let editor = self.masking.editor.as_mut()?;
        if action == Action::ClearMask {
            // Its file is not waited for any more.
            editor.awaited = None;
        }
        match action {
            Action::UndoStroke => {
                let patch = editor.done.pop()?;
                let patch = editor.exchange(patch);
                editor.undone.push(patch);
            }
            Action::RedoStroke => {
                let patch = editor.undone.pop()?;
                let patch = editor.exchange(patch);
                editor.done.push(patch);
            }
            Action::InvertMask => {
                let mut mask = editor.mask.clone();
                mask.iter_mut().for_each(|grey| *grey = u8::MAX - *grey);
                editor.replace(mask, true);
            }
            Action::ClearMask => {
                let (width, height) = editor.mask.dimensions();
                editor.replace(GrayImage::new(width, height), false);
            }
            _ => return None,
        }
        self.hand_over()
    }

    /// Puts a picture file in the mask's place as soon as it is decoded.
    pub fn load_mask(&mut self, source: PictureSource) -> Option<Command> {
        self.masking.editor.as_mut()?.awaited = Some(source.clone());
        // Read again even if it was read before: the artist may have changed it with another program.
        Some(Command::LoadPicture(source))
    }

    /// A picture has arrived that may be the mask that is waited for.
    pub fn mask_arrived(&mut self, source: &PictureSource, picture: &RgbaImage) {
        let Some(editor) = self.masking.editor.as_mut().filter(|editor| editor.awaited.as_ref() == Some(source)) else {
            return;
        };
        editor.awaited = None;
        let mask = to_grey(picture, editor.mask.dimensions());
        if editor.target.mask(&self.recipe) == Some(source) {
            // This is what the recipe has already; the artist begins with it.
            editor.mask = mask;
            editor.in_force = true;
            editor.note(Area::of(&editor.mask));
        } else {
            editor.replace(mask, true);
            self.masking.on_their_way.remove(&editor.target);
            // The file itself, which may be finer than what is painted on.
            editor.target.set(&mut self.recipe, Some(source.clone()));
        }
    }

    /// A picture could not be read: nobody waits for it as a mask any more.
    pub fn mask_failed(&mut self, source: &PictureSource) {
        if let Some(editor) = &mut self.masking.editor {
            editor.awaited.take_if(|awaited| awaited == source);
        }
    }

    /// The studio has stored a mask: it acts from now on, unless the artist has painted on or cleared it since.
    pub fn mask_stored(&mut self, ticket: u64, source: PictureSource) {
        let known = self.masking.on_their_way.iter().find(|(_, (waiting, _))| *waiting == ticket);
        let Some(target) = known.map(|(target, _)| *target) else { return };
        if let Some((_, about)) = self.masking.on_their_way.remove(&target)
            && target.picture(&self.recipe) == Some(&about)
        {
            target.set(&mut self.recipe, Some(source));
        }
    }

    /// Leaves a mask whose style or photo has been exchanged.
    pub fn tidy_masking(&mut self) {
        let recipe = &self.recipe;
        let fits = |editor: &Editor| {
            editor.target.picture(recipe) == Some(&editor.about.0) && recipe.content == editor.about.1
        };
        if !self.masking.editor.as_ref().is_none_or(fits) || self.exhibit.is_some() {
            self.masking.leave();
        }
    }

    fn edit_mask(&mut self, target: MaskTarget) -> Option<Command> {
        let photo = self.picture_info(&self.recipe.content)?;
        // As large as the studio's previews, so that a mask that is read again keeps its pixels.
        let size = fit_long_side(photo.width_px, photo.height_px, PREVIEW_SIDE_PX);
        let about = (target.picture(&self.recipe)?.clone(), self.recipe.content.clone());
        let serial = self.masking.next_serial();
        self.masking.put(Editor::new(serial, target, about, size));
        self.exhibit = None;
        let source = target.mask(&self.recipe)?.clone();
        self.load_mask(source)
    }

    /// Gives the mask as it stands to the recipe: through a file in the library, or by taking it out.
    fn hand_over(&mut self) -> Option<Command> {
        let editor = self.masking.editor.as_ref()?;
        let target = editor.target;
        if target == MaskTarget::Canvas {
            return None;
        }
        // Where nothing is painted the photo stays nowhere, as it does without a mask. A style whose mask is black acts nowhere.
        let says_nothing = target == MaskTarget::Photo && editor.mask.iter().all(|grey| *grey == 0);
        if !editor.in_force || says_nothing {
            self.masking.on_their_way.remove(&target);
            target.set(&mut self.recipe, None);
            return None;
        }
        let about = editor.about.0.clone();
        let mask = Arc::new(editor.mask.clone());
        let ticket = self.masking.next_ticket();
        self.masking.on_their_way.insert(target, (ticket, about));
        Some(Command::StoreMask { ticket, mask })
    }
}

/// The luma of a picture over white, stretched to a size.
fn to_grey(picture: &RgbaImage, (width, height): (u32, u32)) -> GrayImage {
    let opaque =
        RgbImage::from_fn(picture.width(), picture.height(), |x, y| Rgb(rgb_over_white(picture.get_pixel(x, y).0)));
    let grey = image::imageops::grayscale(&opaque);
    if grey.dimensions() == (width, height) {
        return grey;
    }
    image::imageops::resize(&grey, width, height, image::imageops::FilterType::Triangle)
}

#[cfg(test)]
mod tests;
