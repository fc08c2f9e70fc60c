"""A job on the platform API, from the key to the result."""

from __future__ import annotations

import base64
import json
import time

import pytest
import requests

from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.services.local import Local
from tests.embedded import answers, built, part, submission
from tests.emulating import OTHER, TOKEN, bell, emulating
from tests.platforming import Speaker, compiled, counted, exchanged, native


@pytest.fixture(scope="module")
def speaker(emulator):
    return Speaker(emulator)


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_a_key_is_exchanged_for_a_jwt(speaker):
    answer = exchanged(speaker.base, TOKEN).json()
    assert answer["token_type"] == "Bearer"
    found = claims(answer["access_token"])
    assert type(found["iat"]) is type(found["exp"]) is int
    assert found["exp"] - found["iat"] == answer["expires_in"] == 3600
    assert answer["expiration"] == found["exp"]
    assert abs(found["iat"] - time.time()) < 5


def test_a_wrong_key_gets_iam_s_own_error(speaker):
    answer = exchanged(speaker.base, "not-a-key-of-ours")
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "BXNIM0415E")
    where = f"{speaker.base}/identity/token"
    answer = requests.post(where, data={"apikey": TOKEN}, timeout=9)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "BXNIM0507E")


def test_a_token_is_good_for_as_long_as_it_says(tmp_path):
    with emulating(tmp_path / "data", "--jwt-ttl", "1.5") as one:
        speaker = Speaker(one)
        assert speaker.get("/backends").status_code == 200
        time.sleep(1.6)
        answer = speaker.get("/backends")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, 1201)
        speaker.login(TOKEN)
        assert speaker.get("/backends").status_code == 200


@pytest.mark.parametrize(
    ("status", "code", "headers"),
    [
        (401, 1200, {"Authorization": None}),
        (401, 1201, {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}),
        (401, 1201, {"Authorization": f"Bearer {TOKEN}"}),
        (401, 1201, {"Authorization": "apikey not-a-key-of-ours"}),
        (401, 1201, {"Authorization": f"Basic {TOKEN}"}),
        (400, 1101, {"Service-CRN": None}),
        (400, 1101, {"Service-CRN": "crn:v1:bluemix:public:other:us-east:a/b:c::"}),
        (400, 1101, {"IBM-API-Version": "1999-01-01"}),
        (200, None, {"Authorization": f"apikey {TOKEN}"}),
        (200, None, {"IBM-API-Version": None}),
    ],
)
def test_who_asks_has_to_be_known(speaker, status, code, headers):
    answer = speaker.ask("GET", "/backends", headers=headers)
    assert answer.status_code == status, answer.text
    if code is not None:
        body = answer.json()
        assert body["errors"][0]["code"] == code
        assert {"message", "solution", "more_info"} < body["errors"][0].keys()
        assert body["trace"]


def test_the_one_instance_is_found(speaker):
    answer = speaker.session.post(
        f"{speaker.base}/v3/resources/search", json={"query": "*"}, timeout=9
    )
    (item,) = answer.json()["items"]
    assert item["doc"]["extensions"]
    assert item["crn"].count(":") >= 7
    plan = item["service_plan_unique_id"]
    found = speaker.session.get(f"{speaker.base}/catalog/{plan}", timeout=9).json()
    assert found["metadata"]["pricing"]["type"] == "free"


def test_devices_are_listed(speaker):
    found = speaker.get("/backends", fields="wait_time_seconds").json()["devices"]
    by_name = {one["name"]: one for one in found}
    assert len(by_name) == len(found) >= 40
    manila = by_name["ibmq_manila"]
    assert manila["status"]["name"] == "online"
    assert (manila["qubits"], manila["queue_length"]) == (5, 0)
    assert manila["wait_time_seconds"]["average"] == 0
    old = speaker.ask("GET", "/backends", headers={"IBM-API-Version": "2024-01-01"})
    assert sorted(by_name) == old.json()["devices"]


def test_a_device_has_all_its_pages(speaker):
    manila = load(Backend(name="ibmq_manila", snapshot="manila"))
    path = "/backends/ibmq_manila"
    found = speaker.get(f"{path}/configuration").json()
    assert (found["backend_name"], found["n_qubits"]) == ("ibmq_manila", 5)
    assert speaker.get(f"{path}/properties").json() == manila.properties
    old = speaker.get(f"{path}/properties", updated_before="2001-01-01T00:00:00Z")
    assert old.json() == {}
    undated = speaker.get(
        "/backends/ibmqx5/properties", updated_before="2001-01-01T00:00"
    )
    assert undated.status_code == 200
    later = speaker.get(f"{path}/properties", updated_before="2030-01-01T00:00:00")
    assert later.json() == manila.properties
    status = speaker.get(f"{path}/status").json()
    assert (status["state"], status["status"]) == (True, "active")
    assert status["length_queue"] == 0
    assert "pulse_library" in speaker.get(f"{path}/defaults").json()
    for page in ("configuration", "properties", "status", "defaults"):
        answer = speaker.get(f"/backends/ibmq_nowhere/{page}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1007)


def test_a_job_from_its_acceptance_to_its_end(speaker):
    program = native(bell())
    job = speaker.submit([[program, None, 100], [program]], shots=50, tags=["a", "b"])
    found = speaker.ended(job)
    assert found["state"] == {"status": "Completed"}
    assert found["program"] == {"id": "sampler"}
    assert (found["backend"], found["tags"]) == ("ibmq_manila", ["a", "b"])
    assert "params" not in found
    assert speaker.get(f"/jobs/{job}").json()["params"]["pubs"][0][2] == 100
    result = speaker.get(f"/jobs/{job}/results").json()
    assert result["metadata"]["version"] == 2
    for pub, shots in zip(result["results"], (100, 50), strict=True):
        assert pub["data"]["c"]["num_bits"] == 2
        counts = counted(pub["data"]["c"]["samples"])
        assert sum(counts.values()) == shots
        assert counts[0] + counts[3] > 0.7 * shots
        assert min(counts[0], counts[3]) > 0.2 * shots
    metrics = speaker.get(f"/jobs/{job}/metrics").json()
    stamps = metrics["timestamps"]
    assert stamps["created"] <= stamps["running"] <= stamps["finished"]
    assert metrics["usage"] == found["usage"]
    assert metrics["usage"]["status"] == "complete"
    assert metrics["usage"]["qpu_charge_time_seconds"] > 2
    assert "seed_simulator is" in speaker.get(f"/jobs/{job}/logs").text
    assert speaker.ask("POST", f"/jobs/{job}/cancel").status_code == 409
    assert speaker.ask("DELETE", f"/jobs/{job}").status_code == 204
    assert speaker.get(f"/jobs/{job}").status_code == 404


def test_counts_equal_those_of_the_embedded_service(speaker):
    """The circuit's name is the program's first comment, and the seed is derived of it."""
    circuits = [bell("point-0"), bell("point-1")]
    options = {
        "simulator": {"seed_simulator": 11},
        "execution": {"init_qubits": False, "rep_delay": 0.0},
    }
    result = speaker.result(
        [[native(one)] for one in circuits], options=options, shots=500
    )
    local = Local(workers=1)
    asked = {"seed_simulator": 11, "skip_transpilation": True, "shots": 500}
    ours = answers(
        local,
        submission(
            part("point", circuits=built(*map(compiled, circuits))),
            init_qubits=False,
            rep_delay=0.0,
            **asked,
        ),
    )
    local.close()
    for pub, name in zip(result["results"], ("point-0", "point-1"), strict=True):
        counts = {
            int(key, 16): value for key, value in ours[name]["data"]["counts"].items()
        }
        assert counted(pub["data"]["c"]["samples"]) == counts
    assert result["results"][0] != result["results"][1]


def test_one_key_never_sees_another_s_jobs(speaker, emulator):
    job = speaker.submit([[native(bell())]], tags=["mine"])
    stranger = Speaker(emulator, OTHER)
    for path in ("", "/results", "/logs", "/metrics"):
        answer = stranger.get(f"/jobs/{job}{path}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 3250)
    for method, path in (("POST", "/cancel"), ("DELETE", ""), ("PUT", "/tags")):
        answer = stranger.ask(method, f"/jobs/{job}{path}", json={"tags": []})
        assert answer.status_code == 404
    assert stranger.get("/jobs", tags="mine").json()["count"] == 0
    # nor does a job of one API show in the other
    assert emulator.client().get(f"jobs/{job}").status_code == 404
    assert emulator.client().get("jobs").json()["count"] == 0
    assert speaker.ended(job)["status"] == "Completed"


def test_jobs_are_listed_by_what_they_are(speaker):
    program = native(bell())
    jobs = [
        speaker.submit([[program, None, 10]], tags=tags) for tags in (["x"], ["x", "y"])
    ]
    ends = [speaker.ended(job) for job in jobs]

    def listed(**query):
        page = speaker.get("/jobs", **query).json()
        return [one["id"] for one in page["jobs"]]

    assert listed(tags="x") == jobs[::-1]
    assert listed(tags="x", sort="ASC") == jobs
    assert listed(tags=["x", "y"]) == [jobs[1]]
    assert listed(tags="x", limit=1, offset=1) == [jobs[0]]
    assert listed(tags="x", backend="ibmq_montreal") == []
    assert listed(tags="x", program="estimator") == []
    assert listed(tags="x", pending="true") == []
    assert listed(tags="x", pending="false", program="sampler") == jobs[::-1]
    first, second = (one["created"] for one in ends)
    assert listed(tags="x", created_after=second) == [jobs[1]]
    assert listed(tags="x", created_before=first) == [jobs[0]]
    page = speaker.get("/jobs", tags="x", limit=1).json()
    assert (page["count"], page["limit"], page["offset"]) == (2, 1, 0)
    assert "params" not in page["jobs"][0]
    whole = speaker.get("/jobs", tags="x", exclude_params="false").json()
    assert whole["jobs"][0]["params"]["pubs"]
    assert speaker.get("/jobs", limit=201).status_code == 400
    assert speaker.get("/jobs", sort="UP").status_code == 400


def test_tags_are_changed(speaker):
    job = speaker.submit([[native(bell()), None, 10]])
    where = f"/jobs/{job}/tags"
    assert speaker.ask("PUT", where, json={"tags": ["t" * 86] * 8}).status_code == 204
    assert speaker.job(job)["tags"] == ["t" * 86] * 8
    for code, tags in ((1204, ["t"] * 9), (1205, ["t" * 87])):
        for answer in (
            speaker.ask("PUT", where, json={"tags": tags}),
            speaker.post([[native(bell())]], tags=tags),
        ):
            error = answer.json()["errors"][0]
            assert (answer.status_code, error["code"]) == (400, code)


def test_a_queued_job_has_no_result_and_is_cancelled(tmp_path):
    with emulating(tmp_path / "data", "--speed", "device", "--noise", "ideal") as one:
        speaker = Speaker(one)
        job = speaker.submit([[native(bell())]])
        assert speaker.job(job)["state"] == {"status": "Queued"}
        assert speaker.get(f"/jobs/{job}/results").status_code == 204
        assert speaker.job(job)["usage"]["status"] == "pending"
        assert speaker.ask("DELETE", f"/jobs/{job}").status_code == 409
        assert speaker.ask("POST", f"/jobs/{job}/cancel").status_code == 204
        assert speaker.job(job)["state"] == {"status": "Cancelled"}
        assert speaker.get(f"/jobs/{job}/results").status_code == 204
        waits = speaker.get("/backends", fields="wait_time_seconds").json()
        assert waits["devices"][0]["wait_time_seconds"]["average"] > 5


def test_a_job_survives_a_power_cut(tmp_path):
    with emulating(tmp_path / "data", "--speed", "device") as one:
        speaker = Speaker(one)
        job = speaker.submit([[native(bell())]], tags=["kept"])
        one.kill()
    with emulating(tmp_path / "data") as one:
        again = Speaker(one)
        assert again.get("/jobs", tags="kept").json()["jobs"][0]["id"] == job
        # the token of before is still good
        headers = {"Authorization": speaker.session.headers["Authorization"]}
        assert again.ask("GET", f"/jobs/{job}", headers=headers).status_code == 200


def test_the_official_client_s_path_is_another_name(emulator):
    speaker = Speaker(emulator, path="/experimental/api/v1")
    assert speaker.result([[native(bell()), None, 10]])["results"]
