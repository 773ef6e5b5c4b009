"""Every reason code in both languages: (English, Chinese). Pure data.

Braces hold facts. `{to}` is the size that the step or wish leads to; `{replicas}` and `{are}`
agree with it, `{ready_replicas}` with `{ready}`.
"""

SENTENCES: dict[str, tuple[str, str]] = {
    # what a policy wishes
    "threshold.above": (
        "{signal} stayed above {bound} for {hold_s} (now {value}), so the policy adds {change}.",
        "{signal} 连续 {hold_s}高于 {bound}（当前 {value}），策略增加 {change} 个副本。",
    ),
    "threshold.below": (
        "{signal} stayed below {bound} for {hold_s} (now {value}), so the policy removes {change}.",
        "{signal} 连续 {hold_s}低于 {bound}（当前 {value}），策略减少 {change} 个副本。",
    ),
    "threshold.calm": (
        "{signal} is {value}; it has not stayed past {bound} for {hold_s}.",
        "{signal} 为 {value}，尚未连续 {hold_s}越过 {bound}。",
    ),
    "threshold.waiting": (
        "{signal} is still past {bound}, but the last order is less than {hold_s} old.",
        "{signal} 仍越过 {bound}，但距上次下单还不到 {hold_s}。",
    ),
    "threshold.gap": (
        (
            "{signal} seems to have stayed below {bound} for {hold_s}, but a sample is missing,"
            " so nothing is released."
        ),
        "{signal} 看似连续 {hold_s}低于 {bound}，但其间缺少样本，因此不缩容。",
    ),
    "target.per_replica": (
        "{signal} is {value} and a replica should carry {goal}, which takes {to} {replicas}.",
        "{signal} 为 {value}，每个副本应承担 {goal}，需要 {to} 个副本。",
    ),
    "target.average": (
        (
            "{signal} averages {value} over {ready} ready {ready_replicas};"
            " to average {goal} takes {to} {replicas}."
        ),
        "{ready} 个就绪副本的 {signal} 平均为 {value}；要达到平均 {goal}，需要 {to} 个副本。",
    ),
    "predictive.now": (
        (
            "Demand is {demand} and a replica carries {carried}, which takes {to} {replicas};"
            " the forecast asks for no more."
        ),
        "当前需求为 {demand}，每个副本承担 {carried}，需要 {to} 个副本；预测不要求更多。",
    ),
    "predictive.alone": (
        (
            "Demand is {demand} and a replica carries {carried}, which takes {to} {replicas};"
            " there is no forecast to look ahead with."
        ),
        "当前需求为 {demand}，每个副本承担 {carried}，需要 {to} 个副本；目前没有可用的预测。",
    ),
    "predictive.refused": (
        (
            "Demand is {demand} and a replica carries {carried}, which takes {to} {replicas};"
            " the forecast of {ahead} ({model}) is not believed: demand never exceeded {peak}."
        ),
        (
            "当前需求为 {demand}，每个副本承担 {carried}，需要 {to} 个副本；"
            "预测值 {ahead}（{model}）不可信，因为历史需求从未超过 {peak}。"
        ),
    ),
    "predictive.order": (
        (
            "Demand at {at} will be at most {demand} with {quantile_ratio} confidence ({model});"
            " a replica carries {carried}, which takes {to} {replicas}."
        ),
        (
            "{at} 的需求有 {quantile_ratio} 的把握不超过 {demand}（{model}）；"
            "每个副本承担 {carried}，需要 {to} 个副本。"
        ),
    ),
    "predictive.keep": (
        (
            "Demand until {at} may reach {demand} with {quantile_ratio} confidence ({model}),"
            " so {to} {replicas} stay."
        ),
        (
            "{at} 之前的需求有 {quantile_ratio} 的把握不超过 {demand}（{model}），"
            "因此保留 {to} 个副本。"
        ),
    ),
    "predictive.unseen": (
        (
            "Demand cannot be seen; the forecast ({model}) says that until {at} it is at most"
            " {demand} with {quantile_ratio} confidence, which takes {to} {replicas}."
        ),
        (
            "看不到当前需求；预测（{model}）认为 {at} 之前有 {quantile_ratio} 的把握"
            "不超过 {demand}，需要 {to} 个副本。"
        ),
    ),
    "idle.release": (
        (
            "{signal} stayed below {bound} for {hold_s} (at most {highest}, now {value}),"
            " so {to} {replicas} {are} enough."
        ),
        "{signal} 连续 {hold_s}低于 {bound}（最高 {highest}，当前 {value}），{to} 个副本已足够。",
    ),
    "idle.busy": (
        "{signal} was up to {highest} in the last {hold_s}, which is not below {bound}.",
        "{signal} 在过去 {hold_s}内最高为 {highest}，并不低于 {bound}。",
    ),
    "idle.gap": (
        (
            "{signal} seems to have stayed below {bound} for {hold_s}, but a sample is missing,"
            " so nothing is released."
        ),
        "{signal} 看似连续 {hold_s}低于 {bound}，但其间缺少样本，因此不缩容。",
    ),
    # why a policy is silent
    "signal.absent": ("{signal} has never been seen.", "从未收到过 {signal}。"),
    "signal.ended": (
        "No source of {signal} reports any more.",
        "{signal} 的所有来源都已不再上报。",
    ),
    "signal.stale": ("{signal} was last heard {age_s} ago.", "上次收到 {signal} 是在 {age_s}前。"),
    "signal.broken": ("{signal} is not a number.", "{signal} 的值不是有效数字。"),
    "signal.negative": (
        "{signal} reads {value}, which cannot be.",
        "{signal} 的值为 {value}，这不可能。",
    ),
    "signal.short": (
        "{signal} has not been seen for a whole {hold_s} yet.",
        "收到 {signal} 还不满 {hold_s}。",
    ),
    "signal.gaps": (
        "Samples of {signal} are missing in the last {hold_s}.",
        "{signal} 在过去 {hold_s}内缺少样本。",
    ),
    "capacity.unknown": (
        "How much one replica carries is not known yet.",
        "尚不知道每个副本能承担多少。",
    ),
    "replicas.unready": (
        "No replica is ready, so an average of {signal} says nothing.",
        "没有就绪的副本，{signal} 的平均值没有意义。",
    ),
    # how the wishes were put together
    "combine.largest": (
        "The largest wish is {to}, from {policy}.",
        "最大的期望是 {to} 个副本，来自 {policy} 策略。",
    ),
    "combine.release": (
        "Nobody asks for a size, and {policy} leaves {to}.",
        "没有策略提出需求，{policy} 策略认为保留 {to} 个副本即可。",
    ),
    "combine.none": ("No policy asks for another size.", "没有策略要求改变副本数。"),
    # what guardrails say
    "freshness.ok": ("Every policy could see what it needs.", "所有策略都有所需的数据。"),
    "freshness.partial": (
        "Not everything can be seen ({policies}), but nothing is to be released.",
        "部分数据不可见（{policies}），但此次并不缩容。",
    ),
    "freshness.blind": (
        "Not everything can be seen ({policies}), so nothing is released.",
        "部分数据不可见（{policies}），因此不缩容。",
    ),
    "tolerance.ok": ("Nothing had to be dropped as noise.", "没有变化被视为噪声。"),
    "tolerance.noise": (
        "A change of {change} is within the tolerance of {tolerance_ratio}.",
        "变化量 {change} 在容差 {tolerance_ratio} 之内。",
    ),
    "stabilization.ok": (
        "No larger wish of late stands against it.",
        "近期没有更大的期望与之冲突。",
    ),
    "stabilization.recent": (
        "The largest wish of the last {window_s} was {floor}; the size does not fall below it yet.",
        "过去 {window_s}内最大的期望是 {floor} 个副本，因此暂不低于该数。",
    ),
    "stabilization.unknown": (
        "What was wanted all through the last {window_s} is not known, so nothing is released.",
        "过去 {window_s}内的期望并不完整，因此不缩容。",
    ),
    "rate.ok": ("The step is within the rate.", "步长在允许的速率之内。"),
    "rate.up": (
        "At most {step} may be added within {period_s}.",
        "{period_s}内最多增加 {step} 个副本。",
    ),
    "rate.up_spent": (
        "At most {step} may be added within {period_s}; already added: {done}.",
        "{period_s}内最多增加 {step} 个副本，已增加 {done} 个。",
    ),
    "rate.down": (
        "At most {step} may be released within {period_s}.",
        "{period_s}内最多减少 {step} 个副本。",
    ),
    "rate.down_spent": (
        "At most {step} may be released within {period_s}; already released: {done}.",
        "{period_s}内最多减少 {step} 个副本，已减少 {done} 个。",
    ),
    "cooldown.ok": ("No cooldown stands in the way.", "没有冷却期的限制。"),
    "cooldown.up": (
        "The cooldown after the last order has {left_s} left.",
        "上次扩容后的冷却期还剩 {left_s}。",
    ),
    "cooldown.down": (
        "The cooldown after the last release has {left_s} left.",
        "上次缩容后的冷却期还剩 {left_s}。",
    ),
    "cooldown.settling": (
        "Replicas were ordered lately, so nothing is released for another {left_s}.",
        "不久前刚扩容，{left_s}内不缩容。",
    ),
    "bounds.ok": ("The size is within its bounds.", "副本数在上下限之内。"),
    "bounds.min": ("The minimum is {bound}.", "下限为 {bound}。"),
    "bounds.max": ("The maximum is {bound}.", "上限为 {bound}。"),
    "bounds.last": (
        "The last replica stays: only an idle policy that sees no use of it may release it.",
        "保留最后一个副本：只有确认其无人使用的 idle 策略才能将其释放。",
    ),
    # what people said
    "override.none": ("Nobody holds the size.", "没有人固定副本数。"),
    "override.paused": ("Scaling is paused.", "扩缩容已暂停。"),
    "override.frozen": (
        "{by} froze the size until {until}{because}.",
        "{by} 将副本数冻结至 {until}{because}。",
    ),
    "override.pinned": (
        "{by} pinned {to} {replicas} until {until}{because}.",
        "{by} 将副本数固定为 {to}，直至 {until}{because}。",
    ),
    # why nothing could be decided
    "mode.off": ("The mode is off, so nothing is decided.", "模式为 off，因此不做决策。"),
    "size.unknown": (
        "The present size could not be read, so nothing is decided.",
        "无法读取当前副本数，因此不做决策。",
    ),
    "size.stale": (
        "The present size was read too long ago, so nothing is decided.",
        "当前副本数的读数过旧，因此不做决策。",
    ),
}

SUMMARIES: dict[str, dict[str, str]] = {
    "en": {
        "held": "Held at {desired} {replicas}.",
        "held limited": "Held at {desired} {replicas}; {wanted} wanted.",
        "up": "{n} more: {current} → {desired}.",
        "up limited": "{n} more: {current} → {desired}; {wanted} wanted.",
        "down": "{n} fewer: {current} → {desired}.",
        "down limited": "{n} fewer: {current} → {desired}; {wanted} wanted.",
        "join": " ",
    },
    "zh-hans": {
        "held": "保持 {desired} 个副本。",
        "held limited": "保持 {desired} 个副本，期望 {wanted} 个。",
        "up": "增加 {n} 个副本：{current} → {desired}。",
        "up limited": "增加 {n} 个副本：{current} → {desired}，期望 {wanted} 个。",
        "down": "减少 {n} 个副本：{current} → {desired}。",
        "down limited": "减少 {n} 个副本：{current} → {desired}，期望 {wanted} 个。",
        "join": "",
    },
}
