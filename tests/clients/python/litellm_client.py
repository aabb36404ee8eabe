"""LiteLLM, with its providers for Ollama, OpenAI-like servers and Anthropic."""

import asyncio
import json
import os
from typing import Literal

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm  # noqa: E402
from pydantic import BaseModel  # noqa: E402

URL = os.environ["OLLAMA_HOST"]
PROVIDERS = {
    "ollama_chat": {"api_base": URL},
    "openai": {"api_base": f"{URL}/v1", "api_key": "none"},
    "hosted_vllm": {"api_base": f"{URL}/v1", "api_key": "none"},
    "anthropic": {"api_base": URL, "api_key": "none"},
}
CAPITAL = [{"role": "user", "content": "What is the capital of France?"}]
PARIS = "The capital of France is Paris."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]},
    },
}
litellm.num_retries = 0


class City(BaseModel):
    name: Literal["Paris", "Rome"]
    big: bool


def fields(provider, model="smol", **more):
    return {"model": f"{provider}/{model}", **PROVIDERS[provider], "messages": CAPITAL, "max_tokens": 20, "temperature": 0, **more}


def it_completes_with_every_provider():
    for provider in PROVIDERS:
        reply = litellm.completion(**fields(provider))
        assert reply.choices[0].message.content == PARIS and reply.choices[0].finish_reason == "stop", provider
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (16, 8), provider


def it_streams_with_every_provider():
    for provider in PROVIDERS:
        chunks = list(litellm.completion(**fields(provider), stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == PARIS, provider
        assert chunks[-1].choices[0].finish_reason == "stop", provider


async def it_completes_asynchronously():
    replies = await asyncio.gather(*(litellm.acompletion(**fields(provider)) for provider in PROVIDERS))
    assert [reply.choices[0].message.content for reply in replies] == [PARIS] * len(PROVIDERS)


def it_calls_tools_and_goes_on_with_their_answers():
    question = [{"role": "user", "content": "Weather in Paris?"}]
    for provider in PROVIDERS:
        asked = litellm.completion(**fields(provider, "caller", messages=question, tools=[WEATHER], max_tokens=50))
        (call,) = asked.choices[0].message.tool_calls
        assert call.function.name == "get_weather" and json.loads(call.function.arguments) == {"city": "Paris", "days": 2}, provider
        assert asked.choices[0].finish_reason == "tool_calls", provider
        answer = {"role": "tool", "tool_call_id": call.id, "name": "get_weather", "content": "sunny"}
        messages = [*question, asked.choices[0].message.model_dump(), answer]
        answered = litellm.completion(**fields(provider, "caller", messages=messages, tools=[WEATHER], max_tokens=50))
        assert answered.choices[0].message.content == "It is sunny.", provider
        chunks = list(litellm.completion(**fields(provider, "caller", messages=question, tools=[WEATHER], max_tokens=50), stream=True))
        whole = litellm.stream_chunk_builder(chunks, messages=question)
        (call,) = whole.choices[0].message.tool_calls
        assert json.loads(call.function.arguments) == {"city": "Paris", "days": 2}, provider


def it_calls_where_it_must():
    named = {"type": "function", "function": {"name": "get_weather"}}
    for provider in ("openai", "anthropic"):
        forced = litellm.completion(**fields(provider, "smol-tools", tools=[WEATHER], tool_choice=named, parallel_tool_calls=False, max_tokens=60))
        assert [call.function.name for call in forced.choices[0].message.tool_calls] == ["get_weather"], provider


def it_keeps_to_a_schema():
    for provider in ("ollama_chat", "openai", "hosted_vllm"):
        reply = litellm.completion(**fields(provider, max_tokens=60), response_format=City)
        City.model_validate_json(reply.choices[0].message.content)


def it_tells_the_reasoning():
    for provider, asked in (("ollama_chat", {"think": True}), ("hosted_vllm", {"reasoning_effort": "high"}), ("anthropic", {})):
        message = litellm.completion(**fields(provider, "thinker", max_tokens=50), **asked).choices[0].message
        assert (message.content, message.reasoning_content) == ("It is forty-two.", "Six times seven."), provider


def it_embeds_and_completes_text():
    for model, place in (("openai/embedder", f"{URL}/v1"), ("ollama/embedder", URL)):
        reply = litellm.embedding(model=model, input=["llama", "alpaca"], api_base=place, api_key="none")
        assert [len(entry["embedding"]) for entry in reply.data] == [64, 64] and reply.usage.prompt_tokens > 0, model
    reply = litellm.text_completion(
        model="text-completion-openai/smol", prompt=CAPITAL[0]["content"], api_base=f"{URL}/v1", api_key="none", max_tokens=12, temperature=0
    )
    assert reply.choices[0].text == PARIS


def it_responds():
    reply = litellm.responses(
        model="openai/smol", input=CAPITAL[0]["content"], api_base=f"{URL}/v1", api_key="none", max_output_tokens=20, temperature=0
    )
    assert reply.status == "completed" and reply.output[0].content[0].text == PARIS


def it_raises_the_classes_of_litellm():
    for provider in ("openai", "hosted_vllm", "anthropic"):
        try:
            litellm.completion(**fields(provider, "absent"))
        except litellm.NotFoundError as error:
            assert "model 'absent' not found" in str(error), provider
        else:
            raise AssertionError(f"{provider} should not have found it")
        try:
            litellm.completion(**fields(provider), tools=[WEATHER])
        except litellm.BadRequestError as error:
            assert "does not support tools" in str(error), provider
        else:
            raise AssertionError(f"{provider} should have been refused")
