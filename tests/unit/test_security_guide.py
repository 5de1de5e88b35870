"""Every sentence of the security guide has a test that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "guides" / "security.md").read_text("utf-8")
SENTENCES = re.findall(r"^- \*\*(.+?)\*\*", PAGE, re.MULTILINE)

ATTACKS, INPUT = "tests/faults/test_attacks.py", "tests/faults/test_input.py"
GUIDE, PACKAGES = "tests/faults/test_security.py", "tests/faults/test_packages.py"
OWNED, SIGNING = "tests/unit/infra/test_owned_files.py", "tests/unit/infra/test_signing.py"
CHANNELS = "tests/unit/infra/channels"
TRIP, LOCAL = (
    "tests/labelstudio/test_round_trip.py",
    "tests/unit/labeling/labelstudio/local/test_server.py",
)
QUESTIONS, ANSWERS = "tests/unit/labeling/questions", "tests/unit/labeling/answers"

TESTS = {
    "The function of a job file": [
        f"{GUIDE}::test_a_fit_runs_the_function_of_the_job_file",
        f"{GUIDE}::test_scoring_runs_the_function_that_its_package_carries",
    ],
    "Looking at a job runs nothing of it": [f"{GUIDE}::test_looking_at_a_job_runs_nothing_of_it"],
    "A job file names what is read": [
        f"{GUIDE}::test_a_job_file_may_name_any_file",
        f"{GUIDE}::test_people_see_whatever_column_the_job_file_names",
    ],
    "Trusted keys decide which packages run": [
        f"{OWNED}::test_a_key_that_others_may_write_is_refused_by_name",
        f"{OWNED}::test_a_key_in_a_folder_that_others_may_write_is_refused",
        f"{OWNED}::test_a_private_key_in_a_folder_that_others_may_write_signs_nothing",
        "tests/unit/infra/test_settings.py::test_a_settings_file_that_others_may_write_is_refused",
    ],
    "Your private key": [
        f"{SIGNING}::test_the_first_call_makes_a_key_that_only_its_owner_reads",
        f"{SIGNING}::test_a_private_key_that_others_may_use_is_refused",
    ],
    "Model packages are signed": [
        f"{PACKAGES}::test_a_flipped_bit_in_any_file_is_refused",
        f"{PACKAGES}::test_a_missing_or_an_added_file_is_refused",
        f"{PACKAGES}::test_a_package_that_somebody_else_signed_is_refused",
    ],
    "Packages hold no executable objects": [f"{GUIDE}::test_nothing_is_unpickled"],
    "Tables are not signed": [
        f"{ATTACKS}::test_the_doctor_finds_a_table_that_cannot_be_read",
        f"{ATTACKS}::test_the_doctor_finds_a_table_that_is_gone",
        f"{GUIDE}::test_a_forgery_that_fits_together_changes_figures_unseen",
    ],
    "Queries only look": [
        f"{ATTACKS}::test_a_query_only_looks",
        f"{GUIDE}::test_a_query_reads_no_other_file",
        "tests/unit/functions/test_statements.py::test_what_would_take_hours_to_parse_is_refused",
    ],
    "Its people decide what is right": [
        "tests/unit/labeling/labelstudio/test_pull.py::test_counts_what_came"
    ],
    "What it sends is checked": [
        f"{TRIP}::test_what_people_meddle_with_is_set_aside_and_everything_else_goes_on"
    ],
    "Labelers are blind": [
        "tests/unit/labeling/questions/test_tasks.py::test_a_task_holds_the_row_and_an_opaque_id"
    ],
    "The token goes to one address": [
        f"{LOCAL}::test_half_of_what_names_one_is_told",
        f"{LOCAL}::test_a_stranger_on_its_port_does_not_get_the_token",
    ],
    "Replies are followed nowhere": [
        "tests/unit/labeling/labelstudio/test_client.py::test_a_server_that_redirects_is_refused"
    ],
    "Values cannot hide": [f"{QUESTIONS}/test_readable.py::test_nothing_hidden_reaches_people"],
    "Values cannot become markup": [
        f"{QUESTIONS}/test_label_page.py::test_any_text_survives_as_question_and_answer",
        "tests/unit/labeling/report/test_page.py::test_no_text_of_a_user_becomes_a_tag",
        "tests/browser/test_labeling_page.py::test_the_page_shows_the_row_and_the_question_and_nothing_of_the_prediction",
        "tests/browser/test_report_page.py::test_a_script_in_the_data_does_not_run",
    ],
    "Values do not steer a terminal": [
        f"{ATTACKS}::test_no_escape_sequence_of_the_data_reaches_the_terminal",
        f"{ATTACKS}::test_a_hint_can_be_pasted_whatever_the_batch_is_called",
    ],
    "Pictures are opened in six formats": [
        "tests/unit/pipelines/columns/test_image_files.py::test_six_formats_are_opened",
        "tests/unit/pipelines/columns/test_image_files.py::test_no_other_format_is",
        "tests/unit/pipelines/columns/test_image_files.py::test_the_limits_are_those_of_the_guide",
        f"{QUESTIONS}/test_images.py::test_no_browser_gets_a_picture_that_claims_to_be_immense",
        f"{QUESTIONS}/test_images.py::test_no_other_program_is_started_for_a_picture",
        "tests/unit/pipelines/features/test_pixels.py::test_what_is_no_picture_is_named_by_row",
    ],
    "Paths of pictures stay inside": [
        "tests/unit/pipelines/input/test_pictures.py::test_a_path_that_leaves_the_folder_costs_its_row",
        "tests/unit/pipelines/input/test_pictures.py::test_an_absolute_path_elsewhere_costs_its_row",
    ],
    "Small files do not fill the memory": [
        "tests/faults/test_memory.py::test_a_packed_file_of_bad_rows_is_refused_in_little_memory",
        "tests/faults/test_memory.py::test_a_packed_file_that_unpacks_beyond_measure_is_refused_by_name",
        "tests/faults/test_memory.py::test_pictures_named_by_path_are_not_held_all_at_once",
    ],
    "One bad row costs itself": [
        f"{ANSWERS}/test_answer_files.py::test_a_row_that_cannot_be_read_is_set_aside_and_the_others_go_on"
    ],
    "Secrets are in no command line": [
        f"{LOCAL}::test_no_secret_of_the_first_account_is_a_word_of_a_command"
    ],
    "Addresses keep no passwords": [
        "tests/unit/infra/test_settings.py::test_a_password_in_the_address_of_label_studio_is_dropped",
        "tests/unit/labeling/labelstudio/test_client.py::test_a_password_in_a_wrong_address_is_not_told",
        "tests/unit/labeling/labelstudio/test_client.py::test_a_password_in_an_address_goes_nowhere",
    ],
    "The store holds no token": [
        "tests/unit/functions/promises/test_leaks.py::test_a_secret_in_packed_values_is_found",
        "tests/faults/test_promises.py::test_the_access_token_in_any_file_breaks_p8",
    ],
    "Channels keep their secrets": [
        f"{CHANNELS}/test_channel_settings.py::test_a_channel_that_cannot_be_used_is_refused_without_its_secret",
        f"{CHANNELS}/test_smtp.py::test_a_server_without_encryption_gets_nothing",
        f"{CHANNELS}/test_webhook.py::test_a_token_is_sent_unencrypted_to_no_other_machine",
        f"{CHANNELS}/test_webhook.py::test_another_answer_than_2xx_is_a_failure_and_nothing_is_followed",
        f"{CHANNELS}/test_webhook.py::test_no_answer_is_a_failure_that_keeps_the_address_to_itself",
        "tests/cli/test_notify.py::test_no_secret_of_a_channel_is_printed_or_stored",
    ],
}


def test_every_sentence_of_the_guide_names_its_tests() -> None:
    assert list(TESTS) == SENTENCES


@pytest.mark.parametrize("test", [test for tests in TESTS.values() for test in tests])
def test_a_test_that_the_guide_relies_on_exists(test: str) -> None:
    path, _, name = test.partition("::")

    assert f"def {name}(" in (ROOT / path).read_text("utf-8")
