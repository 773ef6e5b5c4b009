"""Every reason code in both languages: (English, Chinese). Pure data."""

SENTENCES: dict[str, tuple[str, str]] = {
    "threshold.above": (
        "{signal} stayed above {bound} for {hold_s} (now {value}), so the policy adds {change}.",
        "{signal} 连续 {hold_s} 高于 {bound}(当前 {value}),策略增加 {change} 个副本。",
    ),
    "threshold.below": (
        "{signal} stayed below {bound} for {hold_s} (now {value}), so the policy removes {change}.",
        "{signal} 连续 {hold_s} 低于 {bound}(当前 {value}),策略减少 {change} 个副本。",
    ),
    "threshold.calm": (
        "{signal} is {value}; the bound {bound} was not crossed for {hold_s}.",
        "{signal} 为 {value};未连续 {hold_s} 越过界限 {bound}。",
    ),
    "threshold.waiting": (
        "{signal} is still past {bound}; the last order is not {hold_s} old yet.",
        "{signal} 仍越过 {bound};距上次下单尚不足 {hold_s}。",
    ),
    "target.per_replica": (
        "{signal} is {value}; at {per_replica} for each replica that needs {to}.",
        "{signal} 为 {value};每个副本承担 {per_replica},需要 {to} 个副本。",
    ),
    "target.average": (
        "{signal} averages {value} over {ready} ready replicas; {goal} each needs {to}.",
        "{ready} 个就绪副本的 {signal} 平均为 {value};目标 {goal},需要 {to} 个副本。",
    ),
    "predictive.now": (
        "Demand is {demand}/s and a replica carries {carried}/s, which needs {to}.",
        "当前需求为 {demand}/s,每个副本承担 {carried}/s,需要 {to} 个副本。",
    ),
    "predictive.order": (
        (
            "Demand at {at} will be at most {demand}/s with {quantile_ratio} confidence ({model});"
            " a replica carries {carried}/s, which needs {to}."
        ),
        (
            "{at} 的需求有 {quantile_ratio} 的把握不超过 {demand}/s({model});"
            "每个副本承担 {carried}/s,需要 {to} 个副本。"
        ),
    ),
    "predictive.keep": (
        (
            "Demand until {at} may reach {demand}/s with {quantile_ratio} confidence ({model}),"
            " so {to} are kept."
        ),
        "{at} 之前的需求有 {quantile_ratio} 的把握不超过 {demand}/s({model}),故保留 {to} 个。",
    ),
    "idle.release": (
        "{signal} stayed below {bound} for {hold_s} (now {value}); {to} replicas are enough.",
        "{signal} 连续 {hold_s} 低于 {bound}(当前 {value});{to} 个副本已足够。",
    ),
    "idle.busy": (
        "{signal} is {value}; it was not below {bound} for {hold_s}.",
        "{signal} 为 {value};未连续 {hold_s} 低于 {bound}。",
    ),
    "combine.largest": (
        "The largest wish is {to}, from {policy}.",
        "最大的期望是 {to},来自 {policy} 策略。",
    ),
    "combine.none": (
        "No policy asks for another size.",
        "没有策略要求改变副本数。",
    ),
    "freshness.ok": ("Every policy could see.", "所有策略都有可用数据。"),
    "freshness.blind": (
        "Data for {policies} are missing or stale, so nothing is released.",
        "{policies} 的数据缺失或过期,因此不缩容。",
    ),
    "tolerance.ok": ("The change is larger than the noise.", "变化超过噪声范围。"),
    "tolerance.noise": (
        "A change of {change} is within the tolerance of {tolerance_ratio}.",
        "变化量 {change} 在容差 {tolerance_ratio} 之内。",
    ),
    "stabilization.ok": (
        "Nothing larger was wanted lately.",
        "近期没有更大的期望。",
    ),
    "stabilization.recent": (
        "{floor} were wanted within the last {window_s}, so the size does not fall below that yet.",
        "过去 {window_s} 内曾期望 {floor} 个副本,因此暂不低于该数。",
    ),
    "rate.ok": ("The step is within the allowed rate.", "步长在允许范围内。"),
    "rate.up": ("At most {step} may be added at once.", "一次最多增加 {step} 个副本。"),
    "rate.down": ("At most {step} may be released at once.", "一次最多减少 {step} 个副本。"),
    "cooldown.ok": ("No cooldown is running.", "没有正在进行的冷却。"),
    "cooldown.up": (
        "The last order was less than {period_s} ago; {left_s} remain.",
        "距上次扩容不足 {period_s};还剩 {left_s}。",
    ),
    "cooldown.down": (
        "The last change was less than {period_s} ago; {left_s} remain.",
        "距上次变更不足 {period_s};还剩 {left_s}。",
    ),
    "bounds.ok": ("The size is within its bounds.", "副本数在上下限之内。"),
    "bounds.min": ("The minimum is {bound}.", "下限为 {bound}。"),
    "bounds.max": ("The maximum is {bound}.", "上限为 {bound}。"),
    "override.none": ("Nobody holds the size.", "没有人工固定副本数。"),
    "override.paused": ("Scaling is paused.", "扩缩容已暂停。"),
    "override.frozen": ("{by} froze the size until {until}.", "{by} 将副本数冻结至 {until}。"),
    "override.pinned": (
        "{by} pinned {to} replicas until {until}.",
        "{by} 将副本数固定为 {to},直至 {until}。",
    ),
}

SUMMARIES: dict[str, dict[str, str]] = {
    "en": {
        "held": "Held at {current}.",
        "up": "Added {n}: {current} → {desired}.",
        "down": "Released {n}: {current} → {desired}.",
        "wanted": "Wanted {n}. ",
        "join": " ",
    },
    "zh-hans": {
        "held": "保持 {current} 个副本。",
        "up": "增加 {n} 个:{current} → {desired}。",
        "down": "减少 {n} 个:{current} → {desired}。",
        "wanted": "期望 {n} 个。",
        "join": "",
    },
}
