//! Whole runs on a small data set: that they learn, repeat, survive being killed, and stop with a reason.

mod common;

use nas::TrainConfig;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const EPOCHS: usize = 6;
/// Set in the process that is to be killed: folder of the data, folder of the run.
const VICTIM: &str = "NAS_TEST_VICTIM";

/// The run that is killed; what is measured of it is a moving average.
fn config(data: &Path) -> TrainConfig {
    let text = common::yaml(data, EPOCHS, 3).replace("clip: 5}", "clip: 5, ema: 0.9}");
    let config = TrainConfig::parse("tiny.yaml", &text).expect("a configuration");
    assert_eq!(config.schedule.ema, Some(0.9));
    config
}

fn checkpoint(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("checkpoint.safetensors")).expect("a checkpoint")
}

/// Not a test of its own: the run that [`a_killed_run_resumes_to_the_same_bits`] kills.
#[test]
fn victim() {
    let Ok(folders) = std::env::var(VICTIM) else { return };
    let (data, run) = folders.split_once('\n').expect("two folders");
    nas::train(&config(Path::new(data)), Path::new(run), false).expect("a run");
}

#[test]
fn a_killed_run_resumes_to_the_same_bits() {
    let folder = common::folder("killed");
    let (data, whole, killed) = (folder.join("data"), folder.join("whole"), folder.join("killed"));
    std::fs::create_dir_all(&data).expect("a folder");
    common::write_idx(&data, 900, 60);
    let config = config(&data);
    let summary = nas::train(&config, &whole, false).expect("a run");
    assert!(summary.last.integer_accuracy.expect("rounded") > 0.6, "{summary:?}");
    let exported = nas::quantize(&whole, &folder.join("network")).expect("a network");
    assert_eq!(Some(exported.integer_accuracy), summary.last.integer_accuracy, "the average is exported");

    let mut child = Command::new(std::env::current_exe().expect("a name"))
        .args(["--exact", "victim"])
        .env(VICTIM, format!("{}\n{}", data.display(), killed.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let begun = Instant::now();
    while !killed.join("checkpoint.safetensors").exists() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    let lines = std::fs::read_to_string(killed.join("metrics.jsonl")).expect("metrics").lines().count();
    assert!((1..EPOCHS).contains(&lines), "killed after {lines} epochs");

    let again = nas::train(&config, &killed, true).expect("a run");
    assert_eq!(checkpoint(&whole), checkpoint(&killed), "the state depends on being killed");
    assert_eq!(again.last.integer_accuracy, summary.last.integer_accuracy);
    let lines = std::fs::read_to_string(killed.join("metrics.jsonl")).expect("metrics").lines().count();
    assert_eq!(lines, EPOCHS);
}

#[test]
fn a_seed_decides_everything() {
    let folder = common::folder("seeds");
    common::write_idx(&folder, 120, 30);
    let run = |name: &str, seed: u64, threads: usize| {
        let config = nas::TrainConfig { seed, ..common::config(&folder, 2, 1) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let path = folder.join(name);
        pool.install(|| nas::train(&config, &path, false)).expect("a run");
        checkpoint(&path)
    };
    let first = run("a", 1, 1);
    assert!(first == run("b", 1, 3), "the number of threads or chance changed the run");
    assert!(first != run("c", 2, 1), "the seed changed nothing");
}

#[test]
fn a_run_that_blows_up_names_layer_step_and_checkpoint() {
    let folder = common::folder("blows-up");
    common::write_idx(&folder, 120, 30);
    let mut config = common::config(&folder, 3, 3);
    let run = folder.join("run");
    config.schedule.rate = 3e37;
    config.schedule.clip = 0.0;
    let error = nas::train(&config, &run, false).expect_err("no number").to_string();
    assert!(error.starts_with("error[train]: the "), "{error}");
    assert!(error.contains("of layer `") && error.contains("is not finite at step "), "{error}");
    assert!(error.contains("no epoch was finished, so there is no checkpoint"), "{error}");
    assert!(error.contains("= help: lower schedule.rate"), "{error}");
}

/// The last step of an epoch may break the numbers without anybody having read them: such an epoch is not kept.
#[test]
fn no_checkpoint_has_numbers_that_are_none() {
    let folder = common::folder("blows-up-unseen");
    common::write_idx(&folder, 20, 30);
    let mut config = common::config(&folder, 2, 2);
    (config.schedule.batch, config.schedule.rate, config.schedule.warmup) = (20, 3e38, 0.0);
    config.schedule.clip = 0.0;
    let run = folder.join("run");
    let error = nas::train(&config, &run, false).expect_err("no number").to_string();
    assert!(
        error.starts_with("error[train]: `") && error.contains("or whose squares are not after epoch 1"),
        "{error}"
    );
    assert!(
        error.contains("so there is no checkpoint") && !run.join("checkpoint.safetensors").exists(),
        "{error}"
    );
}

#[test]
fn a_run_that_blows_up_later_names_its_last_good_checkpoint() {
    let folder = common::folder("blows-up-later");
    common::write_idx(&folder, 60, 30);
    let run = folder.join("run");
    let config = common::config(&folder, 2, 2);
    nas::train(&config, &run, false).expect("a run");
    // As if only the first epoch had been, and had left a number that is one, but too great for the next.
    let metrics = std::fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    let line = metrics.lines().next().expect("a line");
    std::fs::write(run.join("metrics.jsonl"), format!("{line}\n")).expect("a file");
    let mut state = checkpoint(&run);
    let header = String::from_utf8_lossy(&state).replace("\"epochs\":\"2\"", "\"epochs\":\"1\"");
    let at = header.find("\"epochs\":\"1\"").expect("metadata") + 10;
    state[at] = b'1';
    let end = state.len();
    state[end - 4..].copy_from_slice(&f32::MAX.to_le_bytes());
    std::fs::write(run.join("checkpoint.safetensors"), state).expect("a file");
    let error = nas::train(&config, &run, true).expect_err("no number").to_string();
    assert!(error.contains("is not finite at step ") && error.contains(" of epoch 2"), "{error}");
    let good = format!("last good checkpoint: {} (epoch 1)", run.join("checkpoint.safetensors").display());
    assert!(error.contains(&good), "{error}");
}

#[test]
fn a_folder_holds_one_run() {
    let folder = common::folder("one-run");
    common::write_idx(&folder, 60, 30);
    let run = folder.join("run");
    let config = common::config(&folder, 1, 1);
    nas::train(&config, &run, false).expect("a run");
    let text = |error: spec::error::Report| error.to_string();
    let again = text(nas::train(&config, &run, false).expect_err("there is one"));
    assert!(again.contains("holds a run already") && again.contains("= help: resume it"), "{again}");
    let other = text(nas::train(&common::config(&folder, 2, 1), &run, true).expect_err("another"));
    assert!(other.contains("holds a run of another configuration"), "{other}");
    let checkpoint = run.join("checkpoint.safetensors");
    std::fs::write(&checkpoint, "short").expect("a file");
    let damaged = text(nas::train(&config, &run, true).expect_err("damaged"));
    assert!(damaged.contains("is no checkpoint of this run") && damaged.contains("checkpoint.safetensors"));
    let about = std::fs::read_to_string(run.join("run.json")).expect("about");
    assert!(about.contains("\"seed\": 4") && about.contains("git_revision"), "{about}");
    let kept = std::fs::read_to_string(run.join("train.yaml")).expect("a copy");
    assert_eq!(kept, common::yaml(&folder, 1, 1));
}
