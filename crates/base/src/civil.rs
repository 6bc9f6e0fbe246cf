//! Days of the Gregorian calendar counted from 1970-01-01, after Howard Hinnant's public algorithms.

/// A day as people write it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

const DAYS_PER_ERA: i64 = 146_097;
const YEARS_PER_ERA: i64 = 400;
/// From 0000-03-01, where an era begins, to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

impl Date {
    /// Gives the date that is so many days after 1970-01-01.
    pub(crate) fn from_days(days: i64) -> Self {
        let shifted = days + DAYS_TO_1970;
        let era = shifted.div_euclid(DAYS_PER_ERA);
        let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // Years begin in March here, so that the leap day is the last one and needs no case.
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = era * YEARS_PER_ERA + year_of_era + i64::from(month <= 2);
        Self { year, month, day }
    }

    /// Counts the days from 1970-01-01, or gives nothing when there is no such day.
    pub(crate) fn to_days(self) -> Option<i64> {
        let year = if self.month <= 2 {
            self.year - 1
        } else {
            self.year
        };
        let era = year.div_euclid(YEARS_PER_ERA);
        let year_of_era = year.rem_euclid(YEARS_PER_ERA);
        let month_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
        // February 30 and month 13 count to some other day, which then reads back differently.
        (Self::from_days(days) == self).then_some(days)
    }
}
