//! The sample pictures that are compiled into the program, so that a newcomer can paint before finding a photo.
//!
//! `assets/ATTRIBUTION.md` says where each comes from and under which terms.

/// What a sample is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SampleKind {
    /// A photo to be painted.
    Photo,
    /// A painting to learn the style from.
    Style,
}

/// A bundled picture.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Its name in recipes and on the command line; also its file name in `assets/`, without extension.
    pub name: &'static str,
    /// Its title, for people.
    pub title: &'static str,
    /// Who made it, and under which terms it is shared.
    pub credit: &'static str,
    /// What it is meant for.
    pub kind: SampleKind,
    /// The JPEG.
    pub bytes: &'static [u8],
}

macro_rules! sample {
    ($kind:expr, $folder:literal, $name:literal, $title:literal, $credit:literal) => {
        Sample {
            name: $name,
            title: $title,
            credit: $credit,
            kind: $kind,
            bytes: include_bytes!(concat!("../../assets/", $folder, "/", $name, ".jpg")),
        }
    };
}

macro_rules! photo {
    ($name:literal, $title:literal, $credit:literal) => {
        sample!(SampleKind::Photo, "photos", $name, $title, $credit)
    };
}

macro_rules! style {
    ($name:literal, $title:literal, $credit:literal) => {
        sample!(SampleKind::Style, "styles", $name, $title, $credit)
    };
}

/// Every sample: photos first, each kind in the order in which it is offered.
pub static SAMPLES: &[Sample] = &[
    photo!("neuschwanstein-castle", "Neuschwanstein Castle", "photo by cameralends, CC0"),
    photo!("lemur", "Ring-tailed lemurs", "photo by Mathias Appel, CC0"),
    photo!("machu-picchu", "Machu Picchu", "photo by Guillaume Pascal, CC0"),
    photo!("beacon-street-boston", "Beacon Street, Boston", "photo by Matthew Landers, CC0"),
    photo!("astronaut-eileen-collins", "Eileen Collins, astronaut", "NASA, public domain"),
    style!("starry-night", "The Starry Night", "Vincent van Gogh, 1889, public domain"),
    style!("ocean-waves", "Ocean Waves", "Uehara Konen, enhanced by rawpixel, CC0"),
    style!("wheat-field-with-cypresses", "Wheat Field with Cypresses", "Vincent van Gogh, 1889, public domain"),
    style!("study-grande-jatte", "Study for La Grande Jatte", "Georges Seurat, 1884, public domain"),
    style!("mada-primavesi", "Mäda Primavesi", "Gustav Klimt, 1912–13, public domain"),
    style!("self-portrait-straw-hat", "Self-Portrait with a Straw Hat", "Vincent van Gogh, 1887, public domain"),
    style!("trees-and-houses", "Trees and Houses", "Paul Cézanne, 1885–86, public domain"),
];

/// The sample of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Sample> {
    SAMPLES.iter().find(|sample| sample.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image_io::Picture;
    use crate::recipe::{PictureSource, Recipe};

    #[test]
    fn every_sample_has_a_name_of_its_own_and_decodes() {
        for sample in SAMPLES {
            assert!(std::ptr::eq(find(sample.name).unwrap(), sample), "{} is there twice", sample.name);
            let picture = Picture::load(&PictureSource::Sample(sample.name.to_owned())).unwrap();
            assert!(picture.width().max(picture.height()) >= 512, "{} is too small to show anything", sample.name);
        }
    }

    #[test]
    fn the_default_recipe_paints_samples_of_the_right_kind() {
        let recipe = Recipe::default();
        let kind_of = |source: &PictureSource| match source {
            PictureSource::Sample(name) => find(name).map(|sample| sample.kind),
            PictureSource::File(_) => None,
        };
        assert_eq!(kind_of(&recipe.content), Some(SampleKind::Photo));
        assert_eq!(kind_of(&recipe.styles[0].picture), Some(SampleKind::Style));
    }

    #[test]
    fn every_sample_is_accounted_for() {
        let attribution = include_str!("../../assets/ATTRIBUTION.md");
        for sample in SAMPLES {
            assert!(attribution.contains(&format!("/{}.jpg`", sample.name)), "{} has no provenance", sample.name);
        }
    }
}
