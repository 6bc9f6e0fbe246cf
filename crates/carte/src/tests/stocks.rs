//! What has run out, and when it comes back.

use std::time::Duration;

use base::Time;

use super::*;

fn at(minutes: u64) -> Time {
    Time::EPOCH.plus(Duration::from_secs(60 * minutes)).unwrap()
}

const TODAY: fn() -> Today = || Today {
    now: at(100),
    next_day: at(1_000),
};

fn stop(until: Until, left: Option<u32>) -> Stop {
    Stop {
        until,
        left,
        reason: None,
    }
}

fn with(stops: &[(u16, Until, Option<u32>)]) -> Availability {
    let mut availability = Availability::default();
    for (item, until, left) in stops {
        let change = availability.stop(itm(*item), stop(*until, *left), TODAY());
        availability.follow(&change.unwrap().unwrap());
    }
    availability
}

#[test]
fn what_is_off_comes_back_when_it_was_said() {
    let availability = with(&[
        (1, Until::Further, None),
        (2, Until::At(at(130)), None),
        (3, Until::Tomorrow, None),
        (4, Until::Further, Some(2)),
        (5, Until::Tomorrow, Some(0)),
    ]);
    assert_eq!(availability.version, 5);
    for (minutes, off) in [
        (100, vec![1, 2, 3, 5]),
        (129, vec![1, 2, 3, 5]),
        (130, vec![1, 3, 5]),
        (999, vec![1, 3, 5]),
        (1_000, vec![1]),
    ] {
        let off: BTreeSet<_> = off.into_iter().map(itm).collect();
        assert_eq!(availability.off_at(at(minutes)), off, "{minutes}");
    }
    assert_eq!(availability.changes_at(at(100)), Some(at(130)));
    assert_eq!(availability.changes_at(at(130)), Some(at(1_000)));
    assert_eq!(availability.changes_at(at(1_000)), None);
    assert_eq!(availability.standing(at(1_000)).count(), 2);
}

#[test]
fn of_counted_stock_no_more_is_sold_than_there_is() {
    let availability = with(&[(4, Until::Tomorrow, Some(3)), (5, Until::Further, None)]);
    let now = at(200);
    assert_eq!(availability.left(itm(4), now), Some(3));
    assert_eq!(availability.left(itm(5), now), Some(0));
    assert_eq!(availability.left(itm(6), now), None);
    let wanted = [(itm(4), 4), (itm(5), 1), (itm(6), 9)].into();
    assert_eq!(availability.short(&wanted, now), [(itm(4), 3), (itm(5), 0)]);
    // After the count has ended there is no limit any more.
    assert_eq!(availability.left(itm(4), at(1_000)), None);
}

#[test]
fn the_same_again_is_no_change_and_the_past_is_refused() {
    let availability = with(&[(1, Until::Further, None)]);
    assert_eq!(
        availability.stop(itm(1), stop(Until::Further, None), TODAY()),
        Ok(None)
    );
    let far = at(100 + 401 * 24 * 60);
    for until in [at(100), at(99), far] {
        let refused = availability.stop(itm(2), stop(Until::At(until), None), TODAY());
        assert_eq!(refused, Err(StockRefusal::Until), "{until}");
    }
    assert_eq!(availability.resume(itm(2)), None);
    let mut availability = availability;
    let change = availability.resume(itm(1)).unwrap();
    availability.follow(&change);
    assert_eq!((availability.off.len(), availability.version), (0, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    /// Whatever is said in whatever order, the last that was said holds, and every change is one version.
    #[test]
    fn what_was_said_last_holds(
        steps in vec((0..3_u16, any::<bool>(), option::of(0..3_u32)), 0..30),
    ) {
        let mut availability = Availability::default();
        let mut counted = BTreeMap::<u16, u32>::new();
        for (item, is_stop, left) in steps {
            let change = match is_stop {
                true => availability.stop(itm(item), stop(Until::Tomorrow, left), TODAY()).unwrap(),
                false => availability.resume(itm(item)),
            };
            match is_stop {
                true => counted.extend([(item, left.unwrap_or(0))]),
                false => counted.retain(|one, _| *one != item),
            }
            let version = availability.version;
            if let Some(change) = change {
                availability.follow(&change);
                prop_assert_eq!(availability.version, version + 1);
            }
            for item in 0..3 {
                let left = counted.get(&item).copied();
                prop_assert_eq!(availability.left(itm(item), at(500)), left);
                prop_assert_eq!(availability.is_off(itm(item), at(500)), left == Some(0));
                prop_assert_eq!(availability.left(itm(item), at(1_000)), None);
            }
        }
    }
}
