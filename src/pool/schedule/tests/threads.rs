//! Which thread a request goes to.

use super::*;

const THREADS: Caps = Caps { max_threads: 4, per_origin: 1_024, ..CAPS };

#[test]
fn a_second_thread_is_started_from_sixteen_on_and_never_more_than_there_may_be() {
    let mut bench = Bench::new(THREADS);
    bench.accept_all(to("a"), 16);
    assert_eq!(bench.loads(), [16]);
    bench.accept(to("a"));
    assert_eq!(bench.loads(), [16, 1]);
    bench.accept_all(to("b"), 46);
    assert_eq!(bench.loads(), [16, 16, 16, 15]);
    bench.accept_all(to("b"), 5);
    let loads = bench.loads();
    assert_eq!((loads.len(), loads.iter().sum::<usize>()), (4, 68));
    assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 1, "{loads:?}");
}

#[test]
fn a_thread_with_a_free_connection_is_preferred() {
    let mut bench = Bench::new(Caps { min_threads: 2, ..THREADS });
    let jobs = bench.accept_all(to("a"), 2);
    assert_eq!(bench.loads(), [1, 1], "none has a connection, and one has less to do");
    // Now the second has more to do, and a connection.
    let others = bench.accept_all(to("b"), 4);
    bench.finish(jobs[1]);
    for job in others.iter().filter(|job| bench.running[job].0 == 0).copied().collect::<Vec<_>>() {
        bench.finish(job);
    }
    assert_eq!(bench.loads(), [1, 2]);
    bench.accept(to("a"));
    assert_eq!(bench.loads(), [1, 3], "the first's connection is in use");
    // After a while the server will have closed it.
    bench.finish(*bench.began.last().unwrap());
    bench.now = 60_000;
    bench.accept(to("a"));
    assert_eq!(bench.loads(), [2, 2]);
}

#[test]
fn a_connection_is_no_reason_to_wait_behind_many() {
    let mut bench = Bench::new(Caps { min_threads: 2, ..THREADS });
    let jobs = bench.accept_all(to("a"), 1);
    bench.finish_as(jobs[0], Some(true));
    // Each of them fits on the one connection, and so they go there, up to a point.
    bench.accept_all(to("a"), 18);
    assert_eq!(bench.loads(), [17, 1]);
}

#[test]
fn an_origin_with_http2_stays_on_one_thread() {
    let mut bench = Bench::new(Caps { min_threads: 4, ..THREADS });
    for round in 0..50 {
        let jobs = bench.accept_all(to("multiplexed"), 16);
        let threads: Vec<usize> = bench.loads().into_iter().filter(|load| *load > 0).collect();
        assert_eq!(threads, if round == 0 { vec![4; 4] } else { vec![16] });
        jobs.into_iter().for_each(|job| bench.finish_as(job, Some(true)));
        // Of those that it began on, one is left: the others' connections have gone cold.
        bench.now += if round == 0 { 60_000 } else { 1_000 };
        if round == 0 {
            let (job, _) = bench.accept(to("multiplexed"));
            bench.finish_as(job, Some(true));
        }
    }
}

#[test]
fn a_thread_may_go_when_it_has_nothing_to_do_and_is_not_needed() {
    let mut bench = Bench::new(Caps { max_threads: 2, ..THREADS });
    let jobs = bench.accept_all(to("a"), 17);
    assert!(!bench.schedule.leave(1, true), "it has something to do");
    bench.finish(jobs[16]);
    assert!(!bench.schedule.leave(1, false), "it was not idle for long");
    assert!(bench.schedule.leave(1, true));
    assert!(!bench.schedule.leave(0, true), "the last one stays");
    assert_eq!(bench.schedule.crew().len(), 1);
}

#[test]
fn a_pool_that_shrinks_lets_those_go_that_have_least_to_do_and_gives_them_nothing_more() {
    let mut bench = Bench::new(Caps { max_threads: 3, ..THREADS });
    let jobs = bench.accept_all(to("a"), 40);
    assert_eq!(bench.loads(), [16, 16, 8]);
    let (turn, leaving) = bench.schedule.resize(Caps { max_threads: 1, ..THREADS }, at(0));
    bench.does(turn);
    assert_eq!(leaving.len(), 2);
    let stays = bench.threads.iter().position(|place| !leaving.iter().any(|desk| Rc::ptr_eq(desk, &place.handle)));
    assert_ne!(stays, Some(2), "it has least to do");
    bench.accept_all(to("a"), 10);
    let mut loads = bench.loads();
    assert_eq!(loads.remove(stays.unwrap()), 26);
    assert_eq!(loads, [16, 8]);
    assert!(!bench.schedule.leave(2, false));
    for job in jobs.into_iter().filter(|job| bench.running[job].0 == 2).collect::<Vec<_>>() {
        bench.finish(job);
    }
    assert!(bench.schedule.leave(2, false));
}

#[test]
fn what_a_thread_that_could_not_be_started_had_goes_to_others_and_no_other_is_tried_for_a_second() {
    let mut bench = Bench::new(THREADS);
    bench.accept_all(to("a"), 17);
    assert_eq!(bench.loads(), [16, 1]);
    bench.fail(1);
    assert_eq!(bench.loads(), [17]);
    bench.now = 999;
    bench.accept(to("a"));
    assert_eq!(bench.loads(), [18]);
    bench.now = 1_000;
    bench.accept(to("a"));
    assert_eq!(bench.loads(), [18, 1]);
}

#[test]
fn without_any_thread_nobody_waits() {
    let mut bench = Bench::new(Caps { per_origin: 1, ..THREADS });
    bench.accept_all(to("a"), 2);
    bench.accept(Facts { start: Some(at(60_000)), deadline: Some(at(90_000)), ..to("b") });
    bench.fail(0);
    bench.waited.sort_by_key(|(job, _)| *job);
    assert_eq!(bench.waited, [(1, Why::NoThread), (2, Why::NoThread), (3, Why::NoThread)]);
    assert_eq!((bench.schedule.open(), bench.schedule.next_due()), (0, None));
    assert_eq!(bench.schedule.room(0, at(999)), Err(Refused::NoThread));
    // Then it is tried again, also for a request that has time: somebody must look at the clock for it.
    bench.now = 1_000;
    assert_eq!(bench.schedule.room(0, at(1_000)), Ok(()));
    bench.accept(Facts { start: Some(at(60_000)), ..to("b") });
    assert_eq!(bench.loads(), [0]);
}

#[test]
fn what_comes_back_from_a_thread_is_again_the_first_of_its_line() {
    let mut bench = Bench::new(Caps { in_flight: 3, min_threads: 2, ..THREADS });
    bench.accept_all(to("a"), 5);
    let running: Vec<u32> = bench.running.iter().filter(|(_, (key, _))| *key == 1).map(|(job, _)| *job).collect();
    let began = bench.began.len();
    bench.fail(1);
    assert_eq!(bench.began[began..], running);
}

#[test]
fn what_was_called_off_while_its_thread_was_being_started_does_not_wait_again() {
    let mut bench = Bench::new(Caps { in_flight: 17, ..THREADS });
    bench.accept_all(to("a"), 16);
    let (job, id) = bench.accept(to("a"));
    assert_eq!(bench.loads(), [16, 1]);
    let Withdrawn::Running(cancel) = bench.schedule.withdraw(id, Why::CalledOff) else { panic!("it was handed over") };
    cancel.trigger();
    bench.fail(1);
    assert_eq!(bench.waited, [(job, Why::CalledOff)]);
    assert_eq!((bench.loads(), bench.schedule.open()), (vec![16], 16));
}
