//! Medians, and ratios of what was measured in the same round.

use crate::scenario::Scenario;
use crate::traffic::{Measured, Sample};

/// The middle of some numbers; none of none.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.get(numbers.len() / 2)?;
    let lower = numbers.get((numbers.len() - 1) / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

impl Sample {
    /// Requests per second.
    pub(crate) fn rate(&self) -> f64 {
        self.seen.requests as f64 / self.seen.seconds
    }
}

impl Measured {
    /// The samples under one kind of load.
    pub(crate) fn samples(&self, scenario: Scenario) -> &[Sample] {
        let load = self.loads.iter().find(|load| load.scenario == scenario);
        load.map_or(&[], |load| &load.samples)
    }

    /// The median of something that samples say.
    pub(crate) fn median_of(&self, scenario: Scenario, what: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        median(self.samples(scenario).iter().filter_map(what))
    }

    /// How many times more requests per second than another: the median over rounds.
    pub(crate) fn rate_ratio(&self, other: &Self, scenario: Scenario) -> Option<f64> {
        self.ratio(other, scenario, |own, other| Some(own.rate() / other.rate()))
    }

    /// How many times less processor time per request than another: the median over rounds.
    pub(crate) fn cpu_ratio(&self, other: &Self, scenario: Scenario) -> Option<f64> {
        self.ratio(other, scenario, |own, other| Some(other.cpu? / own.cpu?))
    }

    fn ratio(
        &self,
        other: &Self,
        scenario: Scenario,
        of: impl Fn(&Sample, &Sample) -> Option<f64>,
    ) -> Option<f64> {
        let rounds = self.samples(scenario).iter().zip(other.samples(scenario));
        let ratios = rounds.filter_map(|(own, other)| of(own, other));
        median(ratios.filter(|ratio| ratio.is_finite()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([]), None);
    }
}
