//! The classes that images belong to, one number a line, and how many of a network's answers are right.

use crate::files;
use model::{reference, Tensor};
use spec::error::{Diagnostic, Report};
use std::path::Path;

/// The class of every image.
pub struct Labels(Vec<usize>);

/// How many of the answers were right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top1 {
    /// Images whose largest output is that of their class.
    pub right: usize,
    /// Images in all.
    pub images: usize,
}

impl Labels {
    /// Reads the labels of `images` images; a file may hold more.
    ///
    /// # Errors
    /// Lines that are no class, and a file with fewer lines than images.
    pub fn read(path: &Path, images: usize) -> Result<Labels, Report> {
        Labels::parse(&files::name(path), &files::read_text(path)?, images)
    }

    fn parse(file: &str, text: &str, images: usize) -> Result<Labels, Report> {
        let mut report = Report::default();
        let mut classes = Vec::new();
        for (i, line) in text.lines().take(images).enumerate() {
            classes.extend(line.trim().parse::<usize>().map_err(|_| {
                let error = Diagnostic::new("labels", "this is no class").at(file, text, i + 1, 1, "");
                report.push(error.help("write the class of image i, a number from 0 on, in line i"));
            }));
        }
        if text.lines().count() < images {
            let message = format!("{} labels for {images} images", text.lines().count());
            let error = Diagnostic::new("labels", message).in_file(file);
            report.push(error.help("give a line for each image, or take fewer images"));
        }
        report.or(Labels(classes))
    }

    /// How many images of `output` the network puts into their class.
    pub fn top1(&self, output: &Tensor) -> Top1 {
        let answers = reference::top1(output);
        let right = answers.iter().zip(&self.0).filter(|(answer, class)| answer == class).count();
        Top1 { right, images: output.n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Shape;

    #[test]
    fn right_answers_are_counted() {
        let output = Tensor::new(3, Shape::new(2, 1, 1), vec![1, 2, 9, -3, 4, 5]);
        let top1 = |text| Labels::parse("l.txt", text, 3).expect("labels").top1(&output);
        assert_eq!(top1("1\n0\n1\n7\n"), Top1 { right: 3, images: 3 });
        assert_eq!(top1("0\n0\n0"), Top1 { right: 1, images: 3 });
    }

    #[test]
    fn what_is_no_class_and_what_is_missing_are_said_together() {
        let report = Labels::parse("l.txt", "1\nshirt\n", 3).err().map(|report| report.to_string());
        assert_eq!(
            report.unwrap_or_default(),
            "error[labels]: this is no class
  --> l.txt:2:1
2 | shirt
  | ^
  = help: write the class of image i, a number from 0 on, in line i

error[labels]: 2 labels for 3 images
  --> l.txt
  = help: give a line for each image, or take fewer images
"
        );
    }
}
