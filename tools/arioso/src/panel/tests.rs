// SPDX-License-Identifier: MIT OR Apache-2.0

use super::*;
use crate::numbers::{Setting, find};

fn number(name: &str) -> &'static Number {
    match find(name) {
        Ok(Setting::Number(number)) => number,
        other => panic!("{name}: {other:?}"),
    }
}

fn snapshot() -> Snapshot {
    let kept = |name: &str| Kept {
        path: PathBuf::from(name),
        name: name.into(),
        bytes: 3 << 20,
    };
    Snapshot {
        driver: "runs".into(),
        findings: vec![
            Finding::new(false, "Windows", "10.0.22631", ""),
            Finding::new(true, "certificate", "not trusted", "arioso install --trust"),
            Finding::new(
                true,
                "device",
                "none",
                "run arioso install, as administrator",
            ),
            Finding::new(
                true,
                "service",
                "none",
                "run arioso install, as administrator",
            ),
            Finding::new(true, "instruments", "not there", "run arioso bank use FILE"),
        ],
        default_bank: "gm.dls".into(),
        banks: vec![kept("a"), kept("b")],
        used: Some("b".into()),
        inputs: vec!["Keys".into()],
        level: Some(-1250),
        ..Snapshot::default()
    }
}

fn looked() -> Model {
    let mut model = Model::default();
    model.take(Report::Looked(Box::new(snapshot())));
    model
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn before_the_first_look_everything_can_be_drawn() {
    let mut model = Model::default();
    let view = model.view();
    assert_eq!(view.driver, "looking …");
    assert!(view.ready && view.banks.is_empty() && view.meter == 0);
    assert_eq!(model.act(Action::Look), [Task::Look]);
    for action in [
        Action::Remedy(3),
        Action::Keyboard(Some(0)),
        Action::UseBank(7),
    ] {
        assert_eq!(model.act(action), [], "nothing to do it with");
    }
}

#[test]
fn findings_have_buttons_for_what_this_program_can_do() {
    let view = looked().view();
    assert_eq!(view.findings.len(), 5);
    assert_eq!(view.findings[0], "Windows: 10.0.22631");
    assert!(view.findings[1].starts_with("WRONG  certificate: not trusted - arioso"));
    // One for each command; what a file must be named for has none.
    assert_eq!(
        view.remedies,
        [
            (1, "arioso install --trust".into()),
            (2, "arioso install".into())
        ]
    );
    assert_eq!(
        looked().act(Action::Remedy(1)),
        [Task::Run(words("install --trust")), Task::Look]
    );
    assert_eq!(Remedy::of("restart Windows"), None);
    let all = Remedy::of("arioso uninstall, then arioso install").unwrap();
    assert_eq!(all.arguments, ["uninstall"]);
}

#[test]
fn banks_are_used_added_and_looked_into() {
    let mut model = looked();
    let view = model.view();
    assert_eq!(view.banks, ["default: gm.dls", "a (3.0 MB)", "b (3.0 MB)"]);
    assert_eq!(view.bank, 2);
    assert_eq!(
        model.act(Action::UseBank(1)),
        [Task::Run(words("bank use a")), Task::Look]
    );
    model.take(Report::Done(Ok("a; it counts now".into())));
    assert_eq!(model.view().message, "a; it counts now");
    let file = Action::AddBank("C:/my font.sf2".into());
    let wanted = ["bank", "use", "C:/my font.sf2"].map(String::from);
    assert_eq!(model.act(file), [Task::Run(wanted.to_vec()), Task::Look]);
    model.take(Report::Done(Err("no such file".into())));
    assert_eq!(model.view().message, "Error: no such file");
    let default = words("bank use --default");
    assert_eq!(
        model.act(Action::UseBank(0)),
        [Task::Run(default), Task::Look]
    );
    model.take(Report::Done(Ok(String::new())));
    assert_eq!(model.act(Action::Contents(2)), [Task::Contents("b".into())]);
    model.take(Report::Contents("128 instruments".into()));
    assert_eq!(model.view().contents, "128 instruments");
    // Used by somebody else's name: the default's row, never none.
    let used = Some("elsewhere".into());
    model.take(Report::Looked(Box::new(Snapshot { used, ..snapshot() })));
    assert_eq!(model.view().bank, 0);
}

#[test]
fn settings_are_checked_here_and_set_by_the_command() {
    let mut model = looked();
    assert_eq!(model.view().values, ["256", "1", "100", "3"]);
    let set = |text: &str| Action::Set(number("Voices"), text.into());
    assert_eq!(model.act(set("4097")), []);
    assert!(
        model
            .view()
            .message
            .contains("Voices is a number from 1 to 4096")
    );
    let tasks = model.act(set(" 1000 "));
    assert_eq!(
        tasks,
        [Task::Run(words("settings set Voices 1000")), Task::Look]
    );
    let mut values = Values::default();
    values.0[0] = 1000;
    model.take(Report::Done(Ok("Voices = 1000".into())));
    model.take(Report::Looked(Box::new(Snapshot {
        values,
        ..snapshot()
    })));
    assert_eq!(model.view().values[0], "1000");
    assert_eq!(model.act(Action::Level(-600)), [Task::Level(-600)]);
    assert_eq!(model.view().level, Some(-12));
}

#[test]
fn one_change_at_a_time_but_panic_and_listening_always() {
    let mut model = looked();
    model.act(Action::UseBank(1));
    assert!(!model.view().ready);
    assert_eq!(model.act(Action::UseBank(2)), []);
    assert!(model.view().message.contains("one moment"));
    assert_eq!(model.act(Action::Panic), [Task::Silence]);
    assert_eq!(
        model.act(Action::Listen(false)),
        [Task::Stop(Child::Listen)]
    );
    model.take(Report::Done(Ok(String::new())));
    assert!(model.view().ready);
    assert_eq!(model.act(Action::UseBank(2)).len(), 2);
    // A second answer to nothing does not count.
    for _ in 0..3 {
        model.take(Report::Done(Ok(String::new())));
    }
    assert!(model.view().ready);
}

#[test]
fn children_start_once_tell_and_end() {
    let mut model = looked();
    let start = Task::Start(Child::Listen, words("listen"));
    assert_eq!(model.act(Action::Listen(true)), [start]);
    assert_eq!(model.act(Action::Listen(true)), [], "it runs already");
    assert!(model.is_playing() && model.view().listens);
    model.take(Report::Line(Child::Listen, "8.2 ms, 0 glitches".into()));
    assert_eq!(model.view().listen, "8.2 ms, 0 glitches");
    let keys = Task::Start(Child::Keyboard, words("live --midi-in Keys"));
    assert_eq!(model.act(Action::Keyboard(Some(0))), [keys]);
    assert!(model.view().plays);
    model.take(Report::Ended(Child::Listen, Err("no loudspeaker".into())));
    let view = model.view();
    assert!(!view.listens && view.plays);
    assert_eq!(
        (view.listen.as_str(), view.message.as_str()),
        ("off", "Error: no loudspeaker")
    );
    // A line that was under way.
    model.take(Report::Line(Child::Listen, "late".into()));
    assert_eq!(model.view().listen, "off");
    model.take(Report::Ended(Child::Keyboard, Ok(())));
    assert!(!model.is_playing());
}

#[test]
fn meters_are_in_decibels() {
    let mut model = looked();
    let mut at = |level: f32| {
        model.take(Report::Meters(Some(Meters {
            voices: 7,
            load: 1.25,
            level,
            lost: 3,
        })));
        (model.view().meter, model.view().meters)
    };
    assert_eq!(at(1.0).0, 1000);
    assert_eq!(at(2.0).0, 1000, "it ends there");
    // -30 dB is the middle of 60.
    assert!((499..=501).contains(&at(0.031_623).0));
    assert_eq!(at(0.001).0, 0);
    let (meter, text) = at(0.0);
    assert_eq!(meter, 0);
    assert_eq!(text, "7 voices, 1.2 % of a processor, 3 lost notes, silent");
    model.take(Report::Meters(None));
    assert_eq!(model.view().meters, "the driver does not run");
}
