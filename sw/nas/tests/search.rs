//! Whole searches on a small data set: that they repeat, survive being killed, stop with a reason, and leave a network
//! that trains.

mod common;

use nas::run::search::{Found, SearchMetrics};
use nas::{SearchConfig, Show, TrainConfig};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set in the process that is to be killed: folder of the data, folder of the run.
const VICTIM: &str = "NAS_TEST_SEARCH_VICTIM";

fn search(config: &SearchConfig, run: &Path, resume: bool) -> Found {
    nas::search(config, run, resume, Show::Nothing).unwrap_or_else(|report| panic!("{report}"))
}

fn checkpoint(run: &Path) -> Vec<u8> {
    std::fs::read(run.join("checkpoint.safetensors")).expect("a checkpoint")
}

fn metrics(run: &Path) -> Vec<SearchMetrics> {
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).expect("metrics");
    text.lines().map(|line| serde_json::from_str(line).expect("metrics")).collect()
}

/// Not a test of its own: the search that [`a_killed_search_resumes_to_the_same_bits`] kills.
#[test]
fn victim() {
    let Ok(folders) = std::env::var(VICTIM) else { return };
    let (data, run) = folders.split_once('\n').expect("two folders");
    search(&common::search_config(Path::new(data)), Path::new(run), false);
}

#[test]
fn a_killed_search_resumes_to_the_same_bits() {
    let folder = common::folder("search-killed");
    let (data, whole, killed) = (folder.join("data"), folder.join("whole"), folder.join("killed"));
    std::fs::create_dir_all(&data).expect("a folder");
    common::write_idx(&data, 800, 60);
    let config = common::search_config(&data);
    search(&config, &whole, false);
    let mut child = Command::new(std::env::current_exe().expect("a name"))
        .args(["--exact", "victim"])
        .env(VICTIM, format!("{}\n{}", data.display(), killed.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let begun = Instant::now();
    let three_epochs = || killed.join("metrics.jsonl").exists() && metrics(&killed).len() >= 3;
    while !three_epochs() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    assert!(!killed.join("train.yaml").exists(), "it was over before it was killed");
    search(&config, &killed, true);
    assert_eq!(checkpoint(&whole), checkpoint(&killed), "the state depends on being killed");
    let without_time = |run: &Path| {
        let epochs = metrics(run).into_iter().map(|epoch| SearchMetrics { seconds: 0.0, ..epoch });
        epochs.collect::<Vec<_>>()
    };
    assert_eq!(without_time(&whole), without_time(&killed));
    let training = |run: &Path| std::fs::read_to_string(run.join("train.yaml")).expect("a training");
    assert_eq!(training(&whole), training(&killed));
}

#[test]
fn a_seed_decides_everything() {
    let folder = common::folder("search-seeds");
    common::write_idx(&folder, 160, 30);
    let run = |name: &str, seed: u64, threads: usize| {
        let config = SearchConfig { seed, ..common::search_config(&folder) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let path = folder.join(name);
        pool.install(|| search(&config, &path, false));
        checkpoint(&path)
    };
    let first = run("a", 1, 1);
    assert!(first == run("b", 1, 3), "the number of threads or chance changed the search");
    assert!(first != run("c", 2, 1), "the seed changed nothing");
}

#[test]
fn a_search_says_what_it_did_and_its_network_trains() {
    let folder = common::folder("search-result");
    common::write_idx(&folder, 400, 60);
    let (run, config) = (folder.join("run"), common::search_config(&folder));
    let found = search(&config, &run, false);
    let metrics = metrics(&run);
    let stages: Vec<&str> = metrics.iter().map(|epoch| epoch.stage.as_str()).collect();
    assert_eq!(stages, ["products", "adders", "search", "search"]);
    assert_eq!(metrics[1].choice_loss, None);
    assert!(metrics[3].choice_loss.is_some() && metrics[3].temperature < metrics[0].temperature);
    assert!(metrics[3].entropy < metrics[1].entropy, "{metrics:?}");
    let names: Vec<String> = found.chosen.iter().map(|candidate| candidate.to_string()).collect();
    assert_eq!(names, metrics[3].best);
    for epoch in &metrics {
        assert_eq!(epoch.probabilities.iter().map(Vec::len).collect::<Vec<_>>(), [9, 13, 13, 13]);
    }
    let text = std::fs::read_to_string(&found.training).expect("a training");
    assert!(text.starts_with("# Found by the search in search.yaml: b01 "), "{text}");
    let training = TrainConfig::parse("train.yaml", &text).unwrap_or_else(|report| panic!("{report}"));
    let trained = nas::train_showing(&training, &folder.join("trained"), false, Show::Nothing);
    let trained = trained.unwrap_or_else(|report| panic!("{report}"));
    assert!(trained.last.integer_accuracy.expect("rounded") > 0.4, "{trained:?}");
    let kept = std::fs::read_to_string(run.join("search.yaml")).expect("a copy");
    assert_eq!(kept, common::search_yaml(&folder));
}

#[test]
fn a_folder_holds_one_search() {
    let folder = common::folder("search-one");
    common::write_idx(&folder, 80, 30);
    let (run, config) = (folder.join("run"), common::search_config(&folder));
    search(&config, &run, false);
    let error = |config: &SearchConfig, resume| {
        nas::search(config, &run, resume, Show::Nothing).expect_err("an error").to_string()
    };
    assert!(error(&config, false).contains("error[search]: holds a run already"));
    let conv = config.with_ops(vec!["conv".into()]).expect("a search");
    assert!(error(&conv, true).contains("holds a run of another configuration"));
    std::fs::remove_file(run.join("train.yaml")).expect("gone");
    let training = nas::train(&common::config(&folder, 1, 1), &run, false).expect_err("a search").to_string();
    assert!(training.contains("error[train]: holds a run of another kind"), "{training}");
    // The copy of a search among other ops is its own, and resumes.
    let other = folder.join("conv");
    let found = search(&conv, &other, false);
    assert_eq!(found.space, 5f64.powi(4));
    assert_eq!(search(&conv, &other, true).chosen, found.chosen);
    assert_eq!(metrics(&other).iter().filter(|epoch| epoch.stage == "adders").count(), 0);
}

#[test]
fn a_search_that_blows_up_names_layer_step_and_checkpoint() {
    let folder = common::folder("search-blows-up");
    common::write_idx(&folder, 160, 30);
    let mut config = common::search_config(&folder);
    config.weights.rate = 3e37;
    config.weights.clip = 0.0;
    let run = folder.join("run");
    let error = nas::search(&config, &run, false, Show::Nothing).expect_err("no number").to_string();
    assert!(error.starts_with("error[search]: the ") && error.contains("is not finite at step "), "{error}");
    assert!(error.contains("so there is no checkpoint") && error.contains("lower weights.rate"), "{error}");
}
