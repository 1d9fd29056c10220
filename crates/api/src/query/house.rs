//! A fund's own account at a venue: what it is worth, what would leave it, what the fund would repay.

use crate::{json::problem, view::house_view};
use backstop_core::{
    Halt, Reject, RejectCode, State,
    fund::{coverage_at, house},
};
use backstop_units::{Amount, Label, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// Whose account.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HouseQuery {
    /// Which fund.
    fund: Label,
}

impl HouseQuery {
    /// The account, the fund's capacity with it, and what either command would move now.
    pub(super) fn answer(self, state: &State, now: Timestamp) -> Result<Value, Halt> {
        let id = state.fund_id(self.fund)?;
        let fund = state.funds.expect(id)?;
        let Some(house) = fund.house.as_deref() else {
            return Err(Reject::got(RejectCode::HouseOff, fund.label).into());
        };
        let (surplus, because) = match house::surplus(state, id, now) {
            Ok(amount) => (amount, None),
            Err(Halt::Reject(reject)) => (Amount::ZERO, Some(problem(&reject))),
            Err(corrupt) => return Err(corrupt),
        };
        let mut view = house_view(state, house);
        view["capacity"] = json!(coverage_at(state, id, fund, now)?.counted);
        view["threshold"] = json!(fund.threshold);
        view["surplus"] = json!(surplus);
        view["because"] = json!(because);
        view["repayable"] = json!(house::repayable(state, id, now)?);
        Ok(view)
    }
}
