//! That data sets are read as they are meant: pixels in place, classes in order.

mod common;

use nas::config::{Data, Format};
use nas::data::{load, Dataset};
use std::path::{Path, PathBuf};

fn data(path: &Path, format: Format) -> Data {
    Data { format, path: path.into(), size: None, classes: Vec::new(), images: None }
}

fn read(path: &Path, format: Format) -> Dataset {
    load(&data(path, format)).expect("a data set")
}

/// A folder of pictures, each a path and its size.
fn pictures(name: &str, all: &[(&str, [u32; 2])]) -> PathBuf {
    let folder = common::folder(name);
    for (path, [height, width]) in all {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        image::RgbImage::new(*width, *height).save(path).expect("a picture");
    }
    folder
}

/// What is said of a folder, its own name left out.
fn refused(folder: &Path, change: impl FnOnce(&mut Data)) -> String {
    let mut data = data(folder, Format::Folder);
    change(&mut data);
    let report = load(&data).expect_err("an error").to_string();
    report.replace(&folder.display().to_string(), "DATA")
}

#[test]
fn folders_that_are_no_data_set_are_refused() {
    let two = [("train/cat/1.png", [8, 8]), ("train/dog/1.png", [8, 8]), ("test/cat/1.png", [8, 8])];
    let one_more = [&two[..], &[("test/fish/1.png", [8, 8])]].concat();
    let missing = refused(&pictures("data-missing", &two), |_| ());
    let text = "error[data]: its folders of classes are cat, those of train cat, dog\n  --> DATA/test\n  \
        = help: give both splits the same classes\n";
    assert_eq!(missing, text);
    let unknown = refused(&pictures("data-unknown", &one_more), |_| ());
    assert!(unknown.contains("its folders of classes are cat, fish, those of train cat, dog"), "{unknown}");

    let whole = [&two[..], &[("test/dog/1.png", [8, 8]), ("train/.cache/1.png", [4, 4])]].concat();
    let folder = pictures("data-whole", &whole);
    assert_eq!(read(&folder, Format::Folder).classes, ["cat", "dog"], "hidden folders are none");
    let others = refused(&folder, |data| data.classes = vec!["dog".into(), "cow".into()]);
    assert!(others.contains("its folders of classes are cat, dog, not cow, dog"), "{others}");
    let small = refused(&folder, |data| data.size = Some([8, 9]));
    assert!(small.contains("the image has 8 by 8 pixels, not 8 by 9\n  --> DATA/train/cat/1.png"), "{small}");
    assert!(small.contains("scale all images to one size; data.size says which"), "{small}");

    let flat = refused(&pictures("data-flat", &[("train/1.png", [8, 8]), ("train/2.png", [8, 8])]), |_| ());
    assert!(flat.contains("2 images lie here without a class\n  --> DATA/train"), "{flat}");

    let none = pictures("data-none", &whole);
    std::fs::remove_file(none.join("test/dog/1.png")).expect("gone");
    let none = refused(&none, |_| ());
    assert!(none.contains("the class has no images\n  --> DATA/test/dog"), "{none}");

    let many: Vec<String> = (0..20).map(|i| format!("train/cat/{i:02}.png")).collect();
    let mut sizes: Vec<(&str, [u32; 2])> = many.iter().map(|path| (path.as_str(), [8, 8])).collect();
    sizes[0].1 = [4, 4];
    sizes.push(("test/cat/1.png", [8, 8]));
    let many = refused(&pictures("data-many", &sizes), |_| ());
    assert_eq!(many.matches("error[data]").count(), 9, "{many}");
    assert!(many.contains("12 more things are wrong"), "{many}");
}

#[test]
fn idx_plain_or_compressed_is_the_same() {
    let folder = common::folder("data-idx");
    common::write_idx(&folder, 60, 30);
    let plain = read(&folder, Format::Idx);
    assert_eq!((plain.train.len(), plain.test.len(), plain.train.shape), (60, 30, [9, 9, 1]));
    assert_eq!(plain.test.labels[..4], [0, 1, 2, 0]);
    for name in ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
        let bytes = std::fs::read(folder.join(name)).expect("bytes");
        let file = std::fs::File::create(folder.join(format!("{name}.gz"))).expect("a file");
        let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &bytes).expect("written");
        encoder.finish().expect("finished");
        std::fs::remove_file(folder.join(name)).expect("gone");
    }
    assert_eq!(read(&folder, Format::Idx), plain);
}

#[test]
fn some_images_are_spread_over_all() {
    let folder = common::folder("data-some");
    common::write_idx(&folder, 60, 30);
    let data = Data { format: Format::Idx, path: folder, size: None, classes: Vec::new(), images: Some(8) };
    let (some, all) =
        (load(&data).expect("a data set"), load(&Data { images: None, ..data }).expect("a data set"));
    assert_eq!((some.train.len(), &some.test), (8, &all.test));
    for (i, of_all) in [0, 7, 15, 22, 30, 37, 45, 52].into_iter().enumerate() {
        assert_eq!(some.train.image(i), all.train.image(of_all), "image {i}");
        assert_eq!(some.train.labels[i], all.train.labels[of_all]);
    }
}

#[test]
fn folders_are_classes_in_the_order_of_their_names() {
    let folder = common::folder("data-folder");
    for (split, class, shade) in
        [("train", "dog", 10), ("train", "cat", 20), ("test", "dog", 30), ("test", "cat", 40)]
    {
        let path = folder.join(split).join(class);
        std::fs::create_dir_all(&path).expect("a folder");
        let image = image::RgbImage::from_fn(3, 2, |x, y| image::Rgb([shade, x as u8, y as u8]));
        image.save(path.join("a.png")).expect("a picture");
        std::fs::write(path.join("notes.txt"), "no picture").expect("a file");
    }
    let found = read(&folder, Format::Folder);
    assert_eq!(found.classes, ["cat", "dog"]);
    assert_eq!((found.train.shape, &found.train.labels[..]), ([2, 3, 3], &[0, 1][..]));
    assert_eq!(found.train.image(0)[..9], [20, 0, 0, 20, 1, 0, 20, 2, 0]);
    assert_eq!(found.test.image(1)[9..12], [30, 0, 1]);
}

#[test]
fn cifar_planes_become_adjacent_channels() {
    let folder = common::folder("data-cifar");
    let record = |label: u8| {
        let planes = (0..3u8).flat_map(|c| (0..1024u32).map(move |i| (i % 80) as u8 + 80 * c));
        std::iter::once(label).chain(planes).collect::<Vec<u8>>()
    };
    for i in 1..=5u8 {
        let bytes = [record(i), record(9)].concat();
        std::fs::write(folder.join(format!("data_batch_{i}.bin")), bytes).expect("a file");
    }
    std::fs::write(folder.join("test_batch.bin"), record(3)).expect("a file");
    let found = read(&folder, Format::Cifar10);
    assert_eq!(found.train.labels, [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]);
    assert_eq!((found.test.shape, found.classes[3].as_str()), ([32, 32, 3], "cat"));
    assert_eq!(found.test.image(0)[3 * 33..][..6], [33, 113, 193, 34, 114, 194]);
}
