//! What the store promises to its callers, said once and shown on every engine.

mod acts;
mod directory;
mod erasing;
mod events;
mod fence;
mod guards;
mod held;
mod leases;
mod limits;
mod nodes;
mod once;
mod people;
mod reads;
mod replicas;
mod resend;
mod rows;
mod sealing;
mod violations;

crate::world::stamp! {
    all {
        guards {
            a_version_that_is_right_passes_and_one_that_is_not_is_refused
            a_counter_gives_what_it_has_and_no_more
            a_key_is_claimed_once
            a_number_taken_by_a_guard_stands_in_rows_and_events
            a_refused_second_guard_leaves_nothing_of_the_first
            in_a_group_only_the_refused_are_refused
            a_group_takes_from_a_counter_exactly_what_it_has
            what_a_refused_commit_took_is_there_for_the_others_of_its_group
            the_first_refused_guard_in_the_order_of_the_commit_is_named
            a_stream_must_stand_where_it_is_expected
            rows_of_a_change_are_answered
            a_guard_does_not_reach_rows_of_another_organisation
            a_rule_broken_by_a_guard_is_named
        }
        rows {
            parents_and_children_come_in_any_order
            every_kind_of_value_comes_back_as_it_was
            what_is_no_row_is_malformed_and_nothing_is_stored
            a_text_with_a_zero_byte_is_malformed
            a_guard_that_answers_no_number_cannot_fill_a_place
        }
        violations {
            a_key_that_is_there_violates_the_primary_key
            a_number_that_is_there_violates_its_unique_key
            a_row_without_its_parent_violates_the_foreign_key
            a_parent_of_another_organisation_is_no_parent
            a_parent_with_children_cannot_be_removed
            a_value_out_of_range_violates_the_check
            a_value_that_is_missing_violates_its_column
            a_missing_value_is_no_fence_although_the_log_has_a_column_of_its_name
            constraints_with_names_of_their_own_are_told_by_them
            of_two_commits_of_a_group_with_one_key_the_first_wins
            culprits_of_every_sort_do_not_disturb_a_group
        }
        resend {
            a_commit_sent_twice_is_stored_once_and_answered_alike
            a_commit_sent_by_eight_at_once_is_stored_once
            copies_in_one_group_are_stored_once
            a_copy_whose_guard_holds_no_more_is_answered_like_the_first
            copies_in_one_group_are_answered_alike_although_only_one_can_pass
            a_refused_commit_is_stored_when_its_guard_holds_later
            a_commit_that_broke_a_rule_is_stored_when_it_breaks_none_later
        }
        fence {
            nothing_is_stored_for_one_that_has_moved_away
            nothing_is_stored_for_one_that_is_moving
            nothing_is_stored_at_another_epoch
            nothing_is_stored_for_one_that_nobody_knows
            the_others_of_its_group_are_stored
            one_that_has_moved_away_is_not_told_what_its_old_shard_thinks
        }
        events {
            racing_writers_leave_dense_positions
            a_reader_that_starts_in_the_middle_sees_every_event_in_order
            an_event_comes_back_as_it_was_written
            a_commit_without_events_leaves_the_log_as_it_is
            a_version_cannot_be_written_twice
            of_racing_appends_exactly_one_gets_each_version
            a_waiting_reader_wakes_when_something_is_stored
            a_consumer_moves_only_from_where_it_stands
            the_log_of_people_is_their_own
        }
        once {
            the_same_request_has_one_effect_and_one_reply
            another_body_under_the_same_key_is_refused
            every_part_of_a_key_tells_requests_apart
            fifty_at_once_have_one_effect_and_equal_replies
            one_whose_time_ends_while_the_first_works_is_told_so
            a_decision_that_fails_leaves_its_key_free
            a_first_that_was_dropped_lets_the_next_go_on
            those_who_waited_are_told_what_belongs_to_their_body
            keys_do_not_wait_for_each_other
            what_a_person_asks_is_done_once
        }
        leases {
            a_lease_that_is_held_is_not_taken
            one_whose_time_is_over_is_taken_with_a_larger_fence
            its_holder_holds_on_to_it
            one_that_is_given_back_is_free_at_once
            of_sixteen_one_gets_it
        }
        people {
            a_person_sees_own_rows_only
            a_person_changes_own_rows_only
            commits_about_many_people_share_a_transaction
            a_row_twice_is_named
            people_and_organisations_do_not_mix
        }
        held {
            whoever_names_the_digest_sees_the_row
            a_digest_is_claimed_once_over_all_people
            of_racing_claims_one_wins_each_digest
            a_held_row_changes_for_its_person_only
            several_rows_may_bear_one_digest
            a_call_that_does_not_fit_its_scope_is_malformed
            the_queue_role_removes_what_it_may
        }
        acts {
            what_was_done_is_appended_once_and_stays
            no_commit_writes_into_the_audit_log
            rows_that_are_added_together_are_stored_all_or_none
        }
        reads {
            columns_come_as_the_types_they_are_asked_for
            several_statements_see_one_snapshot
            rows_of_another_organisation_are_not_seen
            a_list_finds_what_is_in_it
            a_read_ends_near_its_deadline_and_harms_no_other
            without_replicas_the_primary_answers
            a_statement_that_is_wrong_spoils_nothing
        }
        limits {
            who_comes_too_late_is_told_so_and_nothing_is_stored
        }
        directory {
            one_request_makes_one_organisation
            an_unknown_shard_is_refused_and_makes_nothing
            one_that_was_interrupted_is_finished_by_the_same_request
            those_that_were_interrupted_are_finished_together
            sixteen_equal_requests_make_one_organisation
        }
        sealing {
            what_was_sealed_opens_as_what_it_was_and_nowhere_else
            a_key_is_stored_before_it_is_used
            who_was_erased_stays_erased_in_table_and_log
            a_wrong_master_key_opens_nothing
            the_keys_of_many_are_got_at_once
            keys_move_to_the_next_master_key
        }
    }
    shared {
        erasing {
            sixteen_nodes_that_race_make_one_key
            another_node_forgets_the_key_within_two_seconds
            no_file_holds_what_was_sealed_nor_an_erased_key
        }
        nodes {
            copies_sent_over_two_nodes_are_stored_once
            writers_on_two_nodes_leave_dense_positions
            a_reader_sees_every_event_of_two_nodes_in_order
            of_appends_on_two_nodes_exactly_one_gets_each_version
            a_waiting_reader_wakes_when_another_node_stores_something
            of_sixteen_on_two_nodes_one_gets_a_lease
            of_racing_claims_on_two_nodes_one_wins_each_digest
            what_a_person_asks_two_nodes_is_done_once
            fifty_requests_on_two_nodes_have_one_effect
            a_decision_made_in_sight_of_the_winners_effect_gives_the_winners_reply
            a_winner_on_another_node_is_found_by_the_claim
            sixteen_equal_requests_on_two_nodes_make_one_organisation
            a_new_organisation_is_known_to_another_node_by_its_first_commit
            a_new_organisation_is_known_to_another_node_at_once
            numbers_that_are_nobodys_are_looked_for_together_and_seldom
            a_shard_that_is_away_is_waited_for_by_whoever_comes_again
            shards_have_logs_of_their_own
            a_shard_that_is_away_does_not_hold_up_organisations_of_others
            without_the_control_database_the_copy_serves
            a_damaged_copy_is_refused_by_its_name
            racing_changes_leave_a_whole_copy
            who_waits_too_long_in_the_queue_is_not_stored_later
            a_full_queue_takes_nothing_more_and_loses_nothing
        }
    }
    postgres {
        replicas {
            a_replica_answers_only_when_it_is_asked
            a_read_sees_the_commit_whose_position_it_carries
            a_replica_that_stands_still_leaves_the_answer_to_the_primary
            a_read_sees_a_commit_without_events_too
            a_replica_that_is_away_leaves_the_answer_to_the_primary
        }
    }
}
