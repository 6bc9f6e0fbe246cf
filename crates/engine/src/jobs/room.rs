//! Who gets how much of the room: urgent work first, organisations in turn, none more than its share.

use std::collections::BTreeMap;

use base::Organisation;

use super::{JobSettings, Priority};

/// After so many looks the order is turned round once, so that urgent work without end does not starve the rest.
const TURN_ROUND: u32 = 8;
/// The number before that of every organisation; people have 0.
pub(super) const BEFORE_ALL: i64 = -1;

/// Which jobs are under way, and whose turn it is.
#[derive(Debug)]
pub(super) struct Crowd {
    room: usize,
    share: usize,
    held: BTreeMap<Organisation, usize>,
    under_way: usize,
    looks: u32,
    /// Who was served last, of each priority.
    last: [i64; Priority::ALL.len()],
}

impl Crowd {
    pub(super) fn new(settings: &JobSettings) -> Self {
        Crowd {
            room: settings.room,
            share: settings.share.max(1),
            held: BTreeMap::new(),
            under_way: 0,
            looks: 0,
            last: [BEFORE_ALL; Priority::ALL.len()],
        }
    }

    /// In which order the priorities are looked at this time.
    pub(super) fn order(&mut self) -> [Priority; Priority::ALL.len()] {
        self.looks = self.looks.wrapping_add(1);
        let mut order = Priority::ALL;
        if self.looks.is_multiple_of(TURN_ROUND) {
            order.reverse();
        }
        order
    }

    /// How many more of a priority may begin. Some room is kept for what is more urgent.
    pub(super) fn free(&self, priority: Priority) -> usize {
        let kept = match priority {
            Priority::High => 0,
            Priority::Normal => self.room / 8,
            Priority::Low => self.room / 4,
        };
        let room = self.room.saturating_sub(kept).max(1);
        room.saturating_sub(self.under_way)
    }

    /// The number of who was served last of a priority.
    pub(super) fn last(&self, priority: Priority) -> i64 {
        let at = usize::try_from(priority.number()).unwrap_or_default();
        self.last.get(at).copied().unwrap_or(BEFORE_ALL)
    }

    /// Whether an organisation has less than its share.
    pub(super) fn has_room_for(&self, house: Organisation) -> bool {
        self.held.get(&house).is_none_or(|held| *held < self.share)
    }

    /// Divides what is free of a priority among the organisations whose turn it is, in this order.
    pub(super) fn divide(
        &mut self,
        priority: Priority,
        houses: &[Organisation],
    ) -> Vec<(Organisation, usize)> {
        let mut free = self.free(priority);
        let room_of = |house: &Organisation| {
            let held = self.held.get(house).copied().unwrap_or_default();
            self.share.saturating_sub(held)
        };
        let able: Vec<(Organisation, usize)> = houses
            .iter()
            .map(|house| (*house, room_of(house)))
            .filter(|(_, room)| *room > 0)
            .collect();
        let mut shares = Vec::new();
        let mut left = able.len();
        for (house, room) in able {
            if free == 0 {
                break;
            }
            let fair = free.div_ceil(left.max(1)).max(1);
            let share = fair.min(room).min(free);
            shares.push((house, share));
            free = free.saturating_sub(share);
            left = left.saturating_sub(1);
        }
        let at = usize::try_from(priority.number()).unwrap_or_default();
        if let (Some((house, _)), Some(last)) = (shares.last(), self.last.get_mut(at)) {
            *last = i64::from(house.get());
        }
        shares
    }

    /// One more of this organisation is under way.
    pub(super) fn begun(&mut self, house: Organisation) {
        let held = self.held.entry(house).or_default();
        *held = held.saturating_add(1);
        self.under_way = self.under_way.saturating_add(1);
    }

    /// One of this organisation has ended.
    pub(super) fn ended(&mut self, house: Organisation) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(held) = self.held.get_mut(&house) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(&house);
            }
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(room: usize, share: usize) -> Crowd {
        Crowd::new(&JobSettings {
            room,
            share,
            ..JobSettings::default()
        })
    }

    fn houses(numbers: &[u32]) -> Vec<Organisation> {
        numbers.iter().map(|n| Organisation::new(*n)).collect()
    }

    #[test]
    fn nobody_has_more_than_his_share_and_everybody_has_some() {
        let mut crowd = crowd(16, 6);
        let shares = crowd.divide(Priority::High, &houses(&[1]));
        assert_eq!(shares, [(Organisation::new(1), 6)]);
        for _ in 0..6 {
            crowd.begun(Organisation::new(1));
        }
        let shares = crowd.divide(Priority::High, &houses(&[1, 2, 3, 4]));
        let sizes: Vec<usize> = shares.iter().map(|(_, size)| *size).collect();
        assert_eq!(sizes, [4, 3, 3], "the first has its share already");
        assert_eq!(crowd.last(Priority::High), 4);
    }

    #[test]
    fn urgent_work_always_finds_room_and_the_rest_is_not_starved() {
        let mut crowd = crowd(16, 16);
        for _ in 0..14 {
            crowd.begun(Organisation::new(1));
        }
        let free = Priority::ALL.map(|priority| crowd.free(priority));
        assert_eq!(free, [2, 0, 0]);
        let first: Vec<Priority> = (0..16).map(|_| crowd.order()[0]).collect();
        let low = first.iter().filter(|first| **first == Priority::Low);
        assert_eq!(low.count(), 2);
    }
}
