//! What reaches the window from outside its controls: keys, dropped files, pasted pictures.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{ColorImage, Context, Event, Key, Pos2, Rect};
use image::RgbaImage;

use super::action::Action;
use super::command::{Slot, UiCommand};
use super::state::State;
use crate::recipe::PictureSource;

/// How long a dropped file waits for the pointer to show where it was dropped.
const DROP_PATIENCE_SECS: f64 = 0.3;

/// Watches the input.
#[derive(Debug)]
pub struct Intake {
    /// Where the pickers lie; where one lies within another it comes first.
    pub places: Vec<(Rect, Slot)>,
    /// The place that was last worked with.
    pub last_slot: Slot,
    dropped: Vec<(PathBuf, f64)>,
}

impl Default for Intake {
    fn default() -> Self {
        Self { places: Vec::new(), last_slot: Slot::Photo, dropped: Vec::new() }
    }
}

impl Intake {
    /// Turns this frame's input into commands.
    pub fn take(&mut self, ctx: &Context, state: &State, prompting: bool, commands: &mut Vec<UiCommand>) {
        self.take_drops(ctx, commands);
        if prompting || ctx.text_edit_focused() {
            return;
        }
        self.take_pastes(ctx, commands);
        take_keys(ctx, state, commands);
    }

    /// The place that the pointer is over.
    fn slot_at(&self, pointer: Option<Pos2>) -> Option<Slot> {
        let pointer = pointer?;
        self.places.iter().find(|(rect, _)| rect.contains(pointer)).map(|(_, slot)| *slot)
    }

    /// While files are dragged over the window most systems keep the pointer's position to themselves, so a drop waits
    /// for its next move; when none comes, the picture is taken for the photo.
    fn take_drops(&mut self, ctx: &Context, commands: &mut Vec<UiCommand>) {
        let (files, now_secs, moved, pointer) = ctx.input(|input| {
            let moved = input.events.iter().any(|event| matches!(event, Event::PointerMoved(_)));
            (input.raw.dropped_files.clone(), input.time, moved, input.pointer.latest_pos())
        });
        self.dropped.extend(files.iter().map(|file| (file.path().to_owned(), now_secs)));
        let Some((_, since_secs)) = self.dropped.first() else { return };
        if !moved && now_secs - since_secs < DROP_PATIENCE_SECS {
            ctx.request_repaint_after_secs(DROP_PATIENCE_SECS as f32);
            return;
        }
        let slot = self.slot_at(pointer.filter(|_| moved));
        let dropped = std::mem::take(&mut self.dropped);
        if slot == Some(Slot::Photo) && dropped.len() > 1 {
            commands.push(UiCommand::BeginSeries(dropped.into_iter().map(|(path, _)| path).collect()));
            return;
        }
        let slot = slot.unwrap_or(Slot::Photo);
        for ((path, _), slot) in dropped.into_iter().zip(slots_from(slot)) {
            commands.push(UiCommand::Choose(slot, PictureSource::File(path)));
        }
    }

    fn take_pastes(&self, ctx: &Context, commands: &mut Vec<UiCommand>) {
        let (pasted, pointer) = ctx.input(|input| {
            let pasted: Vec<Event> = input
                .events
                .iter()
                .filter(|event| matches!(event, Event::Paste(_) | Event::PasteImage(_)))
                .cloned()
                .collect();
            (pasted, input.pointer.latest_pos())
        });
        let slot = self.slot_at(pointer).unwrap_or(self.last_slot);
        for event in pasted {
            match event {
                Event::PasteImage(image) => commands.push(UiCommand::Adopt(slot, to_rgba(&image))),
                Event::Paste(text) => {
                    if let Some(path) = pasted_path(&text) {
                        commands.push(UiCommand::Choose(slot, PictureSource::File(path)));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Where several files go that are dropped at once, but on the photo's place, where all are photos: a photo brings its styles along, a style brings others.
fn slots_from(first: Slot) -> impl Iterator<Item = Slot> {
    let second = if first == Slot::Photo { Some(Slot::Style(0)) } else { None };
    std::iter::once(first).chain(second).chain(std::iter::repeat(Slot::NewStyle))
}

fn take_keys(ctx: &Context, state: &State, commands: &mut Vec<UiCommand>) {
    // A focused button takes the space bar for itself, a focused slider the arrows.
    let focused = ctx.memory(|memory| memory.focused().is_some());
    for &action in Action::ALL {
        let Some(shortcut) = action.shortcut() else { continue };
        let held = action == Action::Compare;
        let taken_by_focus =
            focused && matches!(shortcut.logical_key, Key::Space | Key::Escape | Key::ArrowLeft | Key::ArrowRight);
        if held || taken_by_focus || !(state.offers(action) || action.lacking().is_some()) {
            continue;
        }
        let pressed = match action {
            // The system's own key for that reaches us as a wish, whatever it is.
            Action::Copy => ctx.input(|input| input.events.contains(&Event::Copy)),
            _ => ctx.input_mut(|input| input.consume_shortcut(&shortcut)),
        };
        if pressed {
            commands.push(UiCommand::Do(action));
            // The meaning of the key changes with the state, and this press has had its one.
            break;
        }
    }
}

/// A path that a file manager has put on the clipboard; other text is not meant for us.
fn pasted_path(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    if text.is_empty() || text.contains('\n') {
        return None;
    }
    let address = url::Url::parse(text).ok().filter(|address| address.scheme() == "file");
    let path = match address {
        Some(address) => address.to_file_path().ok()?,
        None => PathBuf::from(text),
    };
    path.is_absolute().then_some(path)
}

fn to_rgba(image: &ColorImage) -> Arc<RgbaImage> {
    let (width, height) = (image.size[0] as u32, image.size[1] as u32);
    Arc::new(RgbaImage::from_fn(width, height, |x, y| {
        image::Rgba(image.pixels[y as usize * image.size[0] + x as usize].to_srgba_unmultiplied())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_paths_are_taken_from_the_clipboard() {
        assert_eq!(pasted_path(" file:///tmp/a.png\n"), Some(PathBuf::from("/tmp/a.png")));
        #[cfg(unix)]
        for address in ["file:///tmp/M%C3%BCnchen%201.jpg", "file://localhost/tmp/M%C3%BCnchen%201.jpg"] {
            assert_eq!(pasted_path(address), Some(PathBuf::from("/tmp/München 1.jpg")));
        }
        assert_eq!(pasted_path("https://example.org/a.png"), None);
        assert_eq!(pasted_path("/tmp/b c.jpg"), Some(PathBuf::from("/tmp/b c.jpg")));
        assert_eq!(pasted_path("dear diary"), None);
        assert_eq!(pasted_path("/a\n/b"), None);
    }

    #[test]
    fn files_dropped_together_go_together() {
        let first_three = |slot| slots_from(slot).take(3).collect::<Vec<_>>();
        assert_eq!(first_three(Slot::Photo), [Slot::Photo, Slot::Style(0), Slot::NewStyle]);
        assert_eq!(first_three(Slot::Style(1)), [Slot::Style(1), Slot::NewStyle, Slot::NewStyle]);
    }

    #[test]
    fn pasted_pixels_keep_their_places() {
        let pixels = vec![egui::Color32::from_rgb(1, 2, 3), egui::Color32::from_rgb(4, 5, 6)];
        let rgba = to_rgba(&ColorImage::new([2, 1], pixels));
        assert_eq!(rgba.as_raw(), &[1, 2, 3, 255, 4, 5, 6, 255]);
    }
}
