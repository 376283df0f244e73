// SPDX-License-Identifier: MIT OR Apache-2.0
//! Races that a maintainer could build into the driver: each is one place of its sources.

use crate::mutants::Planted;

/// What the schedules must find.
pub const RACES: [Planted; 5] = [
    Planted {
        name: "STOP does not wait for what the owner has taken",
        file: "src/engine/pin.rs",
        old: "while self.held.load(Ordering::Acquire) != 0 {
                passive.sleep(MILLISECOND / 10);
            }",
        new: "let _ = (passive, MILLISECOND);",
    },
    Planted {
        name: "a work item is released before the wait for it",
        file: "src/kernel/work.rs",
        old: "while self.0.state.load(Ordering::Acquire) != IDLE {
            passive.sleep(super::timer::MILLISECOND);
        }
        // SAFETY: the item is not queued, and its last call does not touch it any more.
        unsafe { ntddk::IoFreeWorkItem(self.0.item.as_ptr()) };",
        new: "unsafe { ntddk::IoFreeWorkItem(self.0.item.as_ptr()) };
        while self.0.state.load(Ordering::Acquire) != IDLE {
            passive.sleep(super::timer::MILLISECOND);
        }",
    },
    Planted {
        name: "a DPC is waited for before it is taken off the queue",
        file: "src/kernel/dpc.rs",
        old: "ntddk::KeRemoveQueueDpc(self.0.dpc.get());
            ntddk::KeFlushQueuedDpcs();",
        new: "ntddk::KeFlushQueuedDpcs();
            ntddk::KeRemoveQueueDpc(self.0.dpc.get());",
    },
    Planted {
        name: "the slice timer's last call is not waited for",
        file: "src/kernel/timer.rs",
        old: "unsafe { ntddk::ExDeleteTimer(self.timer.as_ptr(), 1, 1, null_mut()) };",
        new: "unsafe { ntddk::ExDeleteTimer(self.timer.as_ptr(), 1, 0, null_mut()) };",
    },
    Planted {
        name: "a lazy timer that sets itself once more is not stopped",
        file: "src/kernel/timer.rs",
        old: "ntddk::KeCancelTimer(alarm.timer.get());
                ntddk::KeFlushQueuedDpcs();",
        new: "ntddk::KeCancelTimer(alarm.timer.get());",
    },
];

#[cfg(test)]
mod tests {
    use super::RACES;
    use crate::project;

    #[test]
    fn each_place_is_there_once() {
        for race in RACES {
            let text = std::fs::read_to_string(project::root().join(race.file)).unwrap();
            assert_eq!(
                text.matches(race.old).count(),
                1,
                "{}: {}",
                race.file,
                race.name
            );
        }
    }
}
