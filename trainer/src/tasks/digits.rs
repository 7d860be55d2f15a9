//! Handwritten digits: a small convolutional network on 1,797 images of 8×8 pixels.
//!
//! The data ships with the crate (`data/digits.csv`; its README has the source and licence). A node with private data brings a
//! file of the same form: 64 pixels of 0 to 16 and the digit, comma-separated, a line per image.

use std::path::Path;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::task::{DataSource, Evaluation, Split, Task, TaskError};

const DATA: &str = include_str!("../../data/digits.csv");
const SIDE: usize = 8;
const PIXELS: usize = SIDE * SIDE;
const CLASSES: usize = 10;
/// The darkest pixel: all 16 of its block are black.
const DARKEST: u8 = 16;

/// The task `digits`.
#[derive(Debug, Clone, Copy)]
pub struct Digits;

/// One image and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digit {
    /// Row by row, 0 (white) to 16.
    pub pixels: [u8; PIXELS],
    /// 0 to 9.
    pub digit: u8,
}

/// Two convolutions of 3×3, one pooling, two dense layers: 38,282 parameters.
#[derive(Module, Debug)]
pub struct Network {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    fc1: Linear,
    fc2: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
        let conv = |channels| Conv2dConfig::new(channels, [3, 3]).with_padding(PaddingConfig2d::Same).init(device);
        Self {
            conv1: conv([1, 16]),
            conv2: conv([16, 32]),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            fc1: LinearConfig::new(32 * PIXELS / 4, 64).init(device),
            fc2: LinearConfig::new(64, CLASSES).init(device),
        }
    }

    /// A row of logits per image.
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = relu(self.conv2.forward(relu(self.conv1.forward(images))));
        let features = self.pool.forward(features).flatten::<2>(1, 3);
        self.fc2.forward(relu(self.fc1.forward(features)))
    }
}

impl Task for Digits {
    type Model = Network;
    type Sample = Digit;

    fn name(&self) -> &str {
        "digits"
    }

    fn model(&self, device: &Device) -> Network {
        Network::new(device)
    }

    fn data(&self, source: &DataSource) -> Result<Split<Digit>, TaskError> {
        let split = source.split(parse(DATA, "digits.csv")?);
        match source.path() {
            None => Ok(split),
            // The held-out images are everybody's; what a node brings is all for training.
            Some(path) => Ok(Split { train: read(path)?, test: split.test }),
        }
    }

    fn loss(&self, model: &Network, batch: &[&Digit], device: &Device) -> Tensor<1> {
        let logits = model.forward(images(batch, device));
        CrossEntropyLossConfig::new().init(device).forward(logits, targets(batch, device))
    }

    fn evaluate(&self, model: &Network, batch: &[&Digit], device: &Device) -> Evaluation {
        Evaluation::of_classes(model.forward(images(batch, device)), targets(batch, device))
    }

    fn label(&self, sample: &Digit) -> Option<usize> {
        Some(usize::from(sample.digit))
    }
}

/// Pixels from 0 to 1, of shape `[batch, 1, 8, 8]`.
fn images(batch: &[&Digit], device: &Device) -> Tensor<4> {
    let shade = |pixel: &u8| f32::from(*pixel) / f32::from(DARKEST);
    let values: Vec<f32> = batch.iter().flat_map(|digit| digit.pixels.iter().map(shade)).collect();
    Tensor::from_data(TensorData::new(values, [batch.len(), 1, SIDE, SIDE]), device)
}

fn targets(batch: &[&Digit], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = batch.iter().map(|digit| i64::from(digit.digit)).collect();
    Tensor::from_data(TensorData::new(values, [batch.len()]), device)
}

fn read(path: &Path) -> Result<Vec<Digit>, TaskError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| TaskError::Unreadable { path: path.to_owned(), source })?;
    parse(&text, &path.display().to_string())
}

fn parse(text: &str, origin: &str) -> Result<Vec<Digit>, TaskError> {
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(line, text)| {
            parse_line(text).map_err(|reason| TaskError::Malformed { origin: origin.to_owned(), line, reason })
        })
        .collect()
}

fn parse_line(line: &str) -> Result<Digit, String> {
    let mut pixels = [0; PIXELS];
    let mut fields = line.split(',').map(str::trim);
    for (place, pixel) in (1..).zip(&mut pixels) {
        *pixel = number(fields.next(), DARKEST, || format!("pixel {place}"))?;
    }
    let digit = number(fields.next(), 9, || "the digit, field 65,".to_owned())?;
    match fields.count() {
        0 => Ok(Digit { pixels, digit }),
        more => Err(format!("{} fields, where an image has 65: 64 pixels and the digit", more + PIXELS + 1)),
    }
}

fn number(field: Option<&str>, largest: u8, what: impl Fn() -> String) -> Result<u8, String> {
    let field = field.ok_or_else(|| format!("{} is missing; an image has 64 pixels and the digit", what()))?;
    let number = field.parse().ok().filter(|number| *number <= largest);
    number.ok_or_else(|| format!("{} is `{field}`, not a whole number from 0 to {largest}", what()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_1797_images_of_all_ten_digits() {
        let digits = parse(DATA, "digits.csv").expect("it ships with the crate");
        assert_eq!(digits.len(), 1797);
        let counts: Vec<usize> =
            (0..10).map(|digit| digits.iter().filter(|each| each.digit == digit).count()).collect();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    }

    #[test]
    fn the_network_has_the_parameters_it_says() {
        assert_eq!(Network::new(&crate::device()).num_params(), 38_282);
    }

    #[track_caller]
    fn refusal(text: &str) -> String {
        parse(text, "mine.csv").expect_err("malformed").to_string()
    }

    #[test]
    fn a_malformed_line_is_refused_by_its_number_and_field() {
        let good = format!("{}7\n", "0,".repeat(64));
        assert_eq!(parse(&good, "mine.csv").expect("a seven")[0].digit, 7);
        let short = refusal(&format!("{good}1,2,3\n"));
        assert!(short.contains("mine.csv, line 2") && short.contains("pixel 4 is missing"), "{short}");
        let dark = refusal(&good.replacen("0,", "17,", 1));
        assert!(dark.contains("pixel 1 is `17`, not a whole number from 0 to 16"), "{dark}");
        let long = refusal(&good.replace('7', "7,7"));
        assert!(long.contains("66 fields"), "{long}");
    }

    #[test]
    fn a_private_file_is_all_for_training_and_the_test_stays_the_same() {
        let home = tempfile::TempDir::new().expect("a directory");
        let path = home.path().join("mine.csv");
        std::fs::write(&path, format!("{}7\n", "0,".repeat(64))).expect("written");
        let shared = Digits.data(&DataSource::new(7, 0.2)).expect("it ships with the crate");
        let private = Digits.data(&DataSource::private(7, 0.2, &path)).expect("one image");
        assert_eq!((private.train.len(), private.train[0].digit), (1, 7));
        assert_eq!(private.test, shared.test);
        let missing = Digits.data(&DataSource::private(7, 0.2, &home.path().join("none.csv")));
        assert!(missing.expect_err("no such file").to_string().contains("none.csv"));
    }
}
