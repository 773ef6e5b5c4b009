"""Pages as vLLM and NVIDIA's DCGM exporter publish them: their names, types and label shapes, with
values of our own. Written from the two projects' documentation and source, releases named below.
"""

from collections.abc import Iterable, Mapping

EDGES = ("0.01", "0.1", "1.0", "+Inf")
VLLM = {"engine": "0", "model_name": "meta-llama/Llama-3.1-8B-Instruct"}


def labelled(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def family(name: str, kind: str, lines: Iterable[tuple[str, Mapping[str, str], float]]) -> str:
    """HELP, TYPE and samples as prometheus_client writes them: (suffix, labels, value)."""
    head = f"# HELP {name} What {name} says.\n# TYPE {name} {kind}\n"
    return head + "".join(
        f"{name}{suffix}{labelled(labels)} {value!r}\n" for suffix, labels, value in lines
    )


def histogram(name: str, counts: Iterable[float], total: float) -> str:
    """Cumulative counts by EDGES, the sum, and the `_created` twin that clients add."""
    held = [float(count) for count in counts]
    buckets = [
        ("_bucket", {"engine": "0", "le": edge, "model_name": VLLM["model_name"]}, count)
        for edge, count in zip(EDGES, held, strict=True)
    ]
    created = family(f"{name}_created", "gauge", [("", VLLM, 1.7724e9)])
    return (
        family(
            name, "histogram", [*buckets, ("_count", VLLM, held[-1]), ("_sum", VLLM, float(total))]
        )
        + created
    )


def counter(name: str, value: float, **more: str) -> str:
    """As vLLM's client writes it: declared with `_total`, and with a `_created` twin."""
    labels = {**VLLM, **more}
    return family(f"{name}_total", "counter", [("", labels, float(value))]) + family(
        f"{name}_created", "gauge", [("", labels, 1.7724e9)]
    )


def gauge(name: str, value: float, **more: str) -> str:
    return family(name, "gauge", [("", {**VLLM, **more}, float(value))])


def vllm(done: float = 0.0, *, release: str = "0.30") -> str:
    """A server's page after `done` requests, by release: 0.8 (old names), 0.11 (both), 0.30."""
    gaps = (0, 99 * done, 99 * done, 99 * done)  # between the hundred tokens of an answer
    old, new = release in {"0.8", "0.11"}, release in {"0.11", "0.30"}
    parts = [
        gauge("vllm:num_requests_running", 8),
        gauge("vllm:num_requests_waiting", 3),
        counter("vllm:num_preemptions", done / 10),
        counter("vllm:prompt_tokens", 500 * done),
        counter("vllm:generation_tokens", 100 * done),
        *(
            counter("vllm:request_success", share * done, finished_reason=reason)
            for reason, share in (("stop", 0.7), ("length", 0.2), ("abort", 0.06), ("error", 0.04))
        ),
        histogram("vllm:time_to_first_token_seconds", (0, done / 2, done, done), 0.1 * done),
        histogram("vllm:e2e_request_latency_seconds", (0, 0, done / 2, done), 1.5 * done),
        histogram("vllm:request_queue_time_seconds", (done, done, done, done), 0.001 * done),
        histogram("vllm:request_prefill_time_seconds", (0, done, done, done), 0.05 * done),
        histogram("vllm:request_decode_time_seconds", (0, 0, done, done), 0.8 * done),
        histogram("vllm:request_inference_time_seconds", (0, 0, done, done), 0.85 * done),
        histogram("vllm:request_prompt_tokens", (0, 0, 0, done), 500 * done),
        histogram("vllm:request_generation_tokens", (0, 0, 0, done), 100 * done),
        histogram("vllm:request_params_max_tokens", (0, 0, 0, done), 256 * done),
        histogram("vllm:iteration_tokens_total", (0, 0, 0, done), 600 * done),
        family(
            "vllm:cache_config_info",
            "gauge",
            [("", {"block_size": "16", "engine": "0", "num_gpu_blocks": "27090"}, 1.0)],
        ),
        family(
            "http_requests_total",
            "counter",
            [
                (
                    "",
                    {"handler": "/v1/completions", "method": "POST", "status": "2xx"},
                    float(done),
                )
            ],
        ),
        family(
            "http_request_duration_seconds",
            "histogram",
            [
                ("_bucket", {"handler": "/v1/completions", "le": edge, "method": "POST"}, count)
                for edge, count in zip(EDGES, (0.0, 0.0, done / 2, done), strict=True)
            ],
        ),
    ]
    if old:
        parts += [
            gauge("vllm:gpu_cache_usage_perc", 0.42),
            counter("vllm:gpu_prefix_cache_queries", 400 * done),
            counter("vllm:gpu_prefix_cache_hits", 100 * done),
            histogram("vllm:time_per_output_token_seconds", gaps, 2),
        ]
    if new:
        parts += [
            gauge("vllm:kv_cache_usage_perc", 0.42),
            counter("vllm:prefix_cache_queries", 400 * done),
            counter("vllm:prefix_cache_hits", 100 * done),
            histogram("vllm:inter_token_latency_seconds", gaps, 2),
            histogram("vllm:request_time_per_output_token_seconds", (0, *[done] * 3), done / 50),
        ]
    if release == "0.30":
        parts += [
            counter("vllm:prompt_tokens_cached", 100 * done),
            counter("vllm:admission_rejections", done / 20, reason="max_num_queued_reqs"),
            gauge("vllm:num_requests_waiting_by_reason", 2, reason="capacity"),
            gauge("vllm:num_requests_waiting_by_reason", 1, reason="deferred"),
            gauge("vllm:engine_sleep_state", 1, sleep_state="awake"),
            gauge("vllm:engine_sleep_state", 0, sleep_state="weights_offloaded"),
        ]
    return "".join(parts)


GPUS = ("GPU-0b3f", "GPU-7c21")
BLANK = 9223372036854775794  # what the exporter's README itself shows as a temperature


def dcgm() -> str:
    """Two devices; the second cannot tell its temperature, power and profiling fields."""
    fields = (
        ("DCGM_FI_DEV_SM_CLOCK", "gauge", 1410, 1410),
        ("DCGM_FI_DEV_GPU_TEMP", "gauge", 61, BLANK),
        ("DCGM_FI_DEV_POWER_USAGE", "gauge", 287.5, 140737488355328.0),
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "counter", 3_000_000, 5_000_000),
        ("DCGM_FI_DEV_GPU_UTIL", "gauge", 57, 0),
        ("DCGM_FI_DEV_XID_ERRORS", "gauge", 0, 2147483632),
        ("DCGM_FI_DEV_FB_FREE", "gauge", 40_000, 81_000),
        ("DCGM_FI_DEV_FB_USED", "gauge", 41_000, 0),
        ("DCGM_FI_DEV_FB_RESERVED", "gauge", 559, 559),
        ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", 0.53, BLANK),
        ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", 0.21, BLANK),
        ("DCGM_FI_PROF_DRAM_ACTIVE", "gauge", 0.33, BLANK),
        ("DCGM_FI_PROF_PCIE_TX_BYTES", "gauge", 23_500_000, BLANK),
        ("DCGM_FI_PROF_PCIE_RX_BYTES", "gauge", 12_000_000, BLANK),
    )
    lines = []
    for name, kind, *values in fields:
        lines.append(f"# HELP {name} A field of the device.\n# TYPE {name} {kind}\n")
        for index, (uuid, value) in enumerate(zip(GPUS, values, strict=True)):
            labels = {
                "gpu": str(index),
                "UUID": uuid,
                "pci_bus_id": f"00000000:0{index + 1}:00.0",
                "device": f"nvidia{index}",
                "modelName": "NVIDIA A100-SXM4-80GB",
                "Hostname": "gpu-node-1",
                "DCGM_FI_DRIVER_VERSION": "550.54.15",
                "container": "vllm" if index == 0 else "",
                "namespace": "inference" if index == 0 else "",
                "pod": "chat-7b-0" if index == 0 else "",
            }
            lines.append(f"{name}{labelled(labels)} {value}\n")
    return "".join(lines)
