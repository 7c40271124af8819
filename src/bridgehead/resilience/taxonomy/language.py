"""What a model's server and a model answer: statuses of their own, codes, wordings, and ends that are no answer."""

from __future__ import annotations

from typing import Final

from bridgehead.resilience.taxonomy.row import Row, rows

ROWS: Final[tuple[Row, ...]] = (
    *rows(
        "model", "status", "the error pages of the OpenAI and Anthropic APIs; other statuses mean what they do in HTTP",
        ("402", "budget_exhausted", False, "the provider's account has no credit"),
        ("413", "context_overflow", False, "the request is larger than the model takes"),
        ("502 503", "transient", None, "the provider's gateway has no server free"),
        ("529", "transient", None, "the provider is overloaded"),
        ("301 302 303 307 308 3xx", "invalid_input", False, "a redirect, which would carry the key elsewhere"),
        ("2xx", "invalid_output", None, "a success that holds no answer"),
    ),
    *rows(
        "model", "code", "the error codes and types of the OpenAI, Anthropic, Azure, GitHub Models and llama.cpp APIs",
        ("invalid_api_key authentication_error", "auth_expired", False, "the key is not known"),
        ("permission_error", "forbidden", False, "the key may not use this model"),
        ("model_not_found not_found_error deploymentnotfound", "not_found", False, "there is no such model"),
        (
            "insufficient_quota billing_hard_limit_reached billing_error billing_not_active",
            "budget_exhausted", False, "the provider's own spending limit is reached",
        ),
        ("rate_limit_exceeded rate_limit_error too_many_requests", "throttled", False, "too many requests or tokens"),
        (
            ("context_length_exceeded exceed_context_size_error request_too_large string_above_max_length "
            "tokens_limit_reached"),
            "context_overflow", False, "the conversation does not fit the model",
        ),
        (
            "content_filter content_policy_violation invalid_prompt responsibleaipolicyviolation",
            "refused_by_model", False, "a filter before the model declined the prompt",
        ),
        ("overloaded_error engine_overloaded slow_down", "transient", None, "the provider is overloaded"),
        ("server_error api_error internal_server_error", "transient", None, "the provider failed"),
        ("timeout timeout_error", "timeout", None, "the provider got no answer in time"),
    ),
    *rows(
        "model", "wording", "vLLM, llama.cpp, Ollama, LM Studio and Azure OpenAI, which say it in no other way",
        (
            (r"maximum context length|context (?:size|window|length)|too many tokens|prompt is too long"
            r"|input is too long|exceeds the (?:available|maximum) (?:context|token)"),
            "context_overflow", False, "the conversation does not fit the model",
        ),
        (
            r"content (?:management )?policy|content filter|safety system",
            "refused_by_model", False, "a filter before the model declined the prompt",
        ),
    ),
    *rows(
        "model", "exception", "the openai client and LangChain's, by name, where they carry no status and no code",
        ("OpenAIRefusalError ContentFilterFinishReasonError", "refused_by_model", None, "the model refused to answer"),
        ("LengthFinishReasonError", "invalid_output", None, "the answer was cut where the turn's own limit ended"),
        ("APIResponseValidationError", "invalid_output", None, "the answer is not of the API's form"),
        ("APITimeoutError", "timeout", None, "no answer in time"),
        ("APIConnectionError", "dependency_down", None, "the connection failed"),
    ),
    *rows(
        "model", "condition", "the OpenAI API reference, `finish_reason` and `refusal` of a chat completion",
        ("refusal", "refused_by_model", None, "the model says that it will not answer"),
        ("content_filter", "refused_by_model", None, "a filter cut the answer"),
        ("length", "context_overflow", None, "the answer was cut where the model's context was full"),
        ("max_tokens", "invalid_output", None, "the answer was cut where the turn's own max_tokens ended"),
        ("no_finish", "invalid_output", None, "the answer ended without saying so"),
        ("cut_stream", "invalid_output", None, "a stream broke off after its first words"),
        ("error_event", "transient", None, "the server broke its answer off with an error of no known code"),
        ("not_json", "invalid_output", None, "no JSON where it was asked for, or a page of HTML"),
        ("off_schema", "invalid_output", None, "JSON that does not meet the turn's schema"),
        ("broken_call", "invalid_output", None, "a tool call whose arguments are no JSON object, or that has no name"),
        ("too_long", "invalid_output", None, "an answer larger than max_bytes"),
        ("stalled", "timeout", None, "no first token, no next one, or no end in time"),
    ),
)  # fmt: skip
