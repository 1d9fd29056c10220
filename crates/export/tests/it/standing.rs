//! Pictures of how a ledger stands say what the core says.

use crate::world::World;
use backstop_core::fund::coverage_at;
use backstop_export::{
    picture::{Form, Picture},
    standing::{exit_queue, fund_gauge, loss_steps, market_lights, ticket_steps},
};
use backstop_units::{Amount, LossId, TicketId};

#[test]
fn a_queue_is_what_waits_and_a_gauge_what_counts() {
    let world = World::full();
    let (state, now) = (&world.state, world.state.meta.now);
    for (id, fund) in state.funds.iter() {
        let parts = coverage_at(state, id, fund, now).unwrap();
        let (gauge, queue) =
            (fund_gauge(state, id, now).unwrap(), exit_queue(state, id, now).unwrap());
        assert_eq!((gauge.counted, gauge.queued), (parts.counted, parts.queued), "{id}");
        let waits = queue.days.iter().fold(Amount::ZERO, |sum, day| sum.saturating_add(day.amount));
        // Each ticket rounds down by itself.
        let tickets = u128::try_from(state.tickets.len()).unwrap();
        assert!(waits <= parts.queued && parts.queued.get() - waits.get() <= tickets, "{id}");
        assert!(
            gauge.svg(Form::Inline).contains("<svg") && queue.table().rows.len() > queue.days.len()
        );
    }
}

#[test]
fn every_loss_and_ticket_has_its_steps() {
    let world = World::full();
    let (state, now) = (&world.state, world.state.meta.now);
    for (id, loss) in state.losses.iter() {
        let steps = loss_steps(state, id).unwrap().steps;
        assert!(steps.len() >= 4 && steps[0].when.starts_with("20"), "{id}: {steps:?}");
        let placed =
            steps.iter().any(|step| step.name.starts_with("placed") && !step.when.is_empty());
        assert_eq!(placed, !loss.rows.is_empty(), "{id}: {steps:?}");
    }
    assert!(loss_steps(state, LossId::new(999)).is_err());
    for (id, _) in state.tickets.iter() {
        assert!(ticket_steps(state, id, now).unwrap().steps.len() >= 3);
    }
    assert!(ticket_steps(state, TicketId::new(999), now).is_none());
    for (id, _) in state.markets.iter() {
        assert!(market_lights(state, id, now).unwrap().is_none_or(|lights| lights.on <= 5), "{id}");
    }
}
