//! Checks of vaults, insurance pools, reserves and farms.

use super::{Check, Found, each, when};
use backstop_core::{
    State,
    lending::vault::book::Allocation,
    policy::{
        AllocationKind, ClaimClock, FarmKind, InsurancePolicy, PenaltyBase, QueueKind,
        ReservePolicy, VaultPolicy,
    },
    state::{InsurancePool, Vault},
};
use backstop_units::{Bps, Label, Span};

/// What is recommended as the curator's part of profit, and of assets for a year.
pub(crate) const FEES: (Bps, Bps) = (Bps::new(1_500), Bps::new(200));
/// The share of all weights from which one reserve is all that matters, in per cent.
const MOST_OF_ALL: u64 = 80;

type Rows = Vec<Found>;

fn vaults(state: &State, bad: fn(&VaultPolicy) -> Option<String>) -> Rows {
    let vaults = state.vaults.iter().map(|(_, vault)| vault);
    each(vaults, "vault", |vault| vault.label, |vault| bad(&vault.policy))
}

fn whole(state: &State, bad: fn(&Vault) -> Option<String>) -> Rows {
    each(state.vaults.iter().map(|(_, vault)| vault), "vault", |vault| vault.label, bad)
}

fn reserves(state: &State, bad: fn(&ReservePolicy) -> Option<String>) -> Rows {
    let reserves = state.reserves.iter().map(|(_, reserve)| reserve);
    each(reserves, "reserve", |reserve| reserve.label, |reserve| bad(&reserve.policy))
}

fn pools(state: &State, bad: impl Fn(&InsurancePool) -> Option<String>) -> Rows {
    let mut rows = Vec::new();
    for (_, pool) in state.insurance_pools.iter() {
        if let Some(got) = bad(pool) {
            rows.push((
                format!(
                    "pool of {}",
                    state.vaults.get(pool.vault).map_or(Label::NONE, |vault| vault.label)
                ),
                got,
            ));
        }
    }
    rows
}

/// The least notice of an exit from a pool that is not short: what it is if nothing is said.
fn notice() -> Span {
    InsurancePolicy::default().exit_delay
}

/// A vault's allocations, each as it will be once what waits for a veto is applied.
fn planned(vault: &Vault) -> Vec<Allocation> {
    let waits = |it: &Allocation| vault.waiting.iter().any(|(next, _)| next.reserve == it.reserve);
    let stays = vault.allocations.iter().filter(|it| !waits(it));
    stays.chain(vault.waiting.iter().map(|(next, _)| next)).copied().collect()
}

/// Standard allocations that money goes to: the largest weight, and all of them.
fn weights(vault: &Vault) -> (u64, u64) {
    let planned = planned(vault);
    let used = planned.iter().filter(|it| it.kind == AllocationKind::Standard);
    let used = used.filter(|it| !it.cap.is_zero()).map(|it| it.weight);
    used.fold((0, vault.policy.idle_weight), |(most, all), weight| {
        (most.max(weight), all.saturating_add(weight))
    })
}

fn concentrated(vault: &Vault) -> Option<String> {
    let (most, all) = weights(vault);
    let percent = most.saturating_mul(100).checked_div(all)?;
    when(percent > MOST_OF_ALL, format!("{percent} % in one reserve"))
}

/// A pledge that, liquidated at its bound, does not bring the debt and the bonus.
fn leaves_debt(policy: &ReservePolicy) -> Option<String> {
    let bad = policy.collateral.iter().find(|pledge| {
        let whole = u64::from(Bps::WHOLE.get());
        let bonus = u64::from(pledge.bonus.get()).saturating_add(whole);
        u64::from(pledge.liquidation.get()).saturating_mul(bonus) >= whole.saturating_mul(whole)
    })?;
    Some(format!("{}: {} with a bonus of {}", bad.asset, bad.liquidation, bad.bonus))
}

/// Vaults, then pools, reserves, farms.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "no-withdrawal-penalty",
        why: "who joins just before yield comes in and leaves after it takes it from those who stay",
        advice: "penalty = 1 and penalty_min = \"1\": enough against it, and hardly felt",
        find: |state| {
            vaults(state, |p| when(p.penalty.max(p.penalty_floor) == Bps::ZERO, "penalty 0"))
        },
    },
    Check {
        name: "no-least-penalty",
        why: "withdrawals so small that the penalty rounds to nothing",
        advice: "penalty_min = \"1\"",
        find: |state| {
            vaults(state, |p| {
                when(p.penalty_min.max(p.penalty_min_floor).is_zero(), "penalty_min 0")
            })
        },
    },
    Check {
        name: "no-crank-fee",
        why: "nobody's money pays for the rounding when deposits are invested: whoever invests does",
        advice: "crank_fee = \"1\" or \"2\" for each reserve",
        find: |state| vaults(state, |p| when(p.crank_fee.is_zero(), "crank_fee 0")),
    },
    Check {
        name: "high-performance-fee",
        why: "more of the profit than vaults usually take",
        advice: "at most 1500 (15 %), or say why",
        find: |state| vaults(state, |p| when(p.performance > FEES.0, p.performance)),
    },
    Check {
        name: "high-management-fee",
        why: "a fee on assets is due whatever they earn; above the yield it eats the deposits",
        advice: "at most 200 (2 % a year), and below what the reserves bring",
        find: |state| vaults(state, |p| when(p.management > FEES.1, p.management)),
    },
    Check {
        name: "recovery-is-profit",
        why: "a recovery after a loss is charged as profit again",
        advice: "high_water = true",
        find: |state| vaults(state, |p| when(!p.high_water && p.performance > Bps::ZERO, "false")),
    },
    Check {
        name: "fees-before-depositors",
        why: "in a loss the curator's pending fees are paid whole, and depositors bear all of it",
        advice: "fees_bear_losses = true",
        find: |state| vaults(state, |p| when(!p.fees_bear_losses, "false")),
    },
    Check {
        name: "penalty-on-what-was-asked",
        why: "a vault with little at hand takes the penalty on each attempt, delivered or not",
        advice: "penalty_of = \"delivered\"",
        find: |state| vaults(state, |p| when(p.penalty_of == PenaltyBase::Requested, "requested")),
    },
    Check {
        name: "no-dead-shares",
        why: "the first depositor alone sets the price of a share",
        advice: "dead_shares = \"1000\"",
        find: |state| vaults(state, |p| when(p.dead_shares.is_zero(), "dead_shares 0")),
    },
    Check {
        name: "any-reserve",
        why: "the curator may send deposits to a reserve that nobody has looked at",
        advice: "listed_only = true; the council lists reserves",
        find: |state| vaults(state, |p| when(!p.listed_only, "listed_only false")),
    },
    Check {
        name: "no-veto-time",
        why: "a new reserve or a higher cap takes deposits before anybody can object",
        advice: "cap_delay from 3d to 7d",
        find: |state| vaults(state, |p| when(p.cap_delay < Span::days(3), p.cap_delay)),
    },
    Check {
        name: "no-dispute-window",
        why: "an assessment of a loss is paid out before anybody can dispute it",
        advice: "dispute_window of a day or more",
        find: |state| vaults(state, |p| when(p.dispute_window < Span::days(1), p.dispute_window)),
    },
    Check {
        name: "no-queue",
        why: "when a vault can't pay all, scripts take what comes free and the others wait",
        advice: "queue = \"pro_rata\"",
        find: |state| vaults(state, |p| when(p.queue == QueueKind::None, "none")),
    },
    Check {
        name: "nothing-allocated",
        why: "no reserve has both a weight and a cap: deposits earn nothing",
        advice: "set_allocation with a weight and a cap",
        find: |state| {
            whole(state, |vault| {
                let used = |it: &Allocation| it.weight > 0 && !it.cap.is_zero();
                when(!planned(vault).iter().any(used), "no active allocation")
            })
        },
    },
    Check {
        name: "cap-zero",
        why: "a weight with a cap of nothing gets nothing: its part goes elsewhere or stays idle",
        advice: "a cap, or no weight",
        find: |state| {
            whole(state, |vault| {
                let all = planned(vault);
                let count = all.iter().filter(|it| it.weight > 0 && it.cap.is_zero()).count();
                when(count > 0, format!("{count} of {}", all.len()))
            })
        },
    },
    Check {
        name: "one-reserve",
        why: "one bad debt hits nearly all deposits",
        advice: "several reserves, none above 80 % of the weights; caps on each",
        find: |state| whole(state, concentrated),
    },
    Check {
        name: "no-insurance-pool",
        why: "nobody's capital stands between a bad debt and depositors",
        advice: "create_insurance_pool, and stake",
        find: |state| whole(state, |vault| when(vault.pool.is_none(), "none")),
    },
    Check {
        name: "pool-key-not-the-councils",
        why: "who signs releases for the council is no member of the ledger's council",
        advice: "a council (`init --council`), and one of its keys as the pool's",
        find: |state| {
            let member = |pool: &InsurancePool| state.council.keys.contains(&pool.council);
            pools(state, |pool| when(!member(pool), pool.council))
        },
    },
    Check {
        name: "pool-of-the-curator",
        why: "the curator alone owns the pool that is meant to bind him",
        advice: "offer_pool to a multisig with the council in it, accept_pool",
        find: |state| pools(state, |pool| when(pool.owner.is_none(), "no multisig")),
    },
    Check {
        name: "short-pool-notice",
        why: "a curator who sees a loss coming is gone before it is seen by others",
        advice: "exit_delay = \"30d\"",
        find: |state| {
            let short = |pool: &InsurancePool| pool.policy.exit_delay < notice();
            pools(state, |pool| when(short(pool), pool.policy.exit_delay))
        },
    },
    Check {
        name: "unannounced-release",
        why: "the curator alone moves the pool's money before anybody sees it",
        advice: "release_delay of a day or more",
        find: |state| {
            let short = |pool: &InsurancePool| pool.policy.release_delay < Span::days(1);
            pools(state, |pool| when(short(pool), pool.policy.release_delay))
        },
    },
    Check {
        name: "loss-before-fees",
        why: "lenders bear a loss before interest that the protocol has not even collected",
        advice: "fees_first = true",
        find: |state| reserves(state, |p| when(!p.fees_first, "fees_first false")),
    },
    Check {
        name: "all-can-be-lent",
        why: "a loan may take the last atom: lenders then leave only when borrowers repay",
        advice: "utilization_max = 9500 or less",
        find: |state| reserves(state, |p| when(p.utilization_max >= Bps::WHOLE, p.utilization_max)),
    },
    Check {
        name: "flat-curve",
        why: "nothing makes borrowers repay when lenders want to leave",
        advice: "a curve that rises steeply past 90 %",
        find: |state| {
            reserves(state, |p| {
                let ends = p.interest.curve.first().zip(p.interest.curve.last())?;
                when(ends.0.rate >= ends.1.rate, format!("{} throughout", ends.1.rate))
            })
        },
    },
    Check {
        name: "liquidation-leaves-debt",
        why: "collateral at the bound of liquidation does not pay the debt and the liquidator's bonus",
        advice: "liquidation × (1 + bonus) below 100 %, with room for the price to move",
        find: |state| reserves(state, leaves_debt),
    },
    Check {
        name: "collateral-without-limit",
        why: "all loans may stand on one asset that can't be sold in a day",
        advice: "`max` for each asset, by what its market takes",
        find: |state| {
            reserves(state, |p| {
                p.collateral.iter().find(|it| it.max.is_none()).map(|it| it.asset.to_string())
            })
        },
    },
    Check {
        name: "claim-at-once",
        why: "who stakes, claims and leaves takes rewards meant for those who stay",
        advice: "claim_wait of a day or more for each reward",
        find: |state| {
            each(
                state.farms.iter().map(|(_, farm)| farm),
                "farm",
                |farm| farm.label,
                |farm| {
                    let none = farm.rewards.iter().any(|it| it.terms.claim_wait.is_zero());
                    when(farm.kind == FarmKind::Vault && none, "claim_wait 0")
                },
            )
        },
    },
    Check {
        name: "claim-clock-from-opening",
        why: "a place that was opened early makes the wait before claims void",
        advice: "claim_clock = \"stake\"",
        find: |state| {
            each(
                state.farms.iter().map(|(_, farm)| farm),
                "farm",
                |farm| farm.label,
                |farm| when(farm.policy.claim_clock == ClaimClock::Opening, "opening"),
            )
        },
    },
];
