"""LangChain's package for Ollama: ChatOllama, OllamaLLM, OllamaEmbeddings."""

import math
import os
from typing import Literal, Optional

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_ollama import ChatOllama, OllamaEmbeddings, OllamaLLM
from pydantic import BaseModel, Field
from support import PIXEL_BASE64, refused
from typing_extensions import TypedDict

URL = os.environ["OLLAMA_HOST"]
smol = ChatOllama(model="smol", base_url=URL, temperature=0, seed=1, num_predict=16)
caller = ChatOllama(model="caller", base_url=URL)
thinker = ChatOllama(model="thinker", base_url=URL)


@tool
def get_weather(city: str, days: int = 1) -> str:
    """Weather of a city."""
    return f"sun over {city} for {days} days"


class Animal(BaseModel):
    """An animal."""

    name: Literal["llama", "dog"] = Field(description="What it is called")
    legs: int = Field(ge=0, le=9)
    color: Optional[Literal["brown", "white"]] = None


class Mood(TypedDict):
    mood: Literal["good", "bad"]
    loud: bool


def it_checks_at_the_start_that_the_model_is_there():
    ChatOllama(model="smol", base_url=URL, validate_model_on_init=True)
    try:
        ChatOllama(model="absent", base_url=URL, validate_model_on_init=True)
    except ValueError as error:
        assert "absent" in str(error)
    else:
        raise AssertionError("a model that is not there should have been refused")


def it_invokes():
    reply = smol.invoke([SystemMessage("Be brief."), HumanMessage("Say hello.")])
    assert isinstance(reply, AIMessage) and reply.content
    assert reply.response_metadata["done_reason"] in ("stop", "length")
    assert reply.response_metadata["model_name"] == "smol"
    usage = reply.usage_metadata
    assert usage["input_tokens"] > 0 and usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def it_streams_the_same_words():
    whole = smol.invoke("Say hello.")
    parts = list(smol.stream("Say hello."))
    assert len(parts) > 1 and "".join(part.content for part in parts) == whole.content
    joined = parts[0]
    for part in parts[1:]:
        joined += part
    assert joined.usage_metadata["output_tokens"] == whole.usage_metadata["output_tokens"]


async def it_invokes_streams_and_batches_asynchronously():
    whole = await smol.ainvoke("Say hello.")
    assert "".join([part.content async for part in smol.astream("Say hello.")]) == whole.content
    replies = await thinker.abatch(["1", "2"], reasoning=False)
    assert [reply.content for reply in replies] == ["Forty-two", "Forty-two"]


def it_stands_in_a_chain():
    chain = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "Name a {thing}.")]) | smol
    assert chain.invoke({"thing": "color"}).content


def it_stops_where_it_is_told():
    counting = ChatOllama(model="smol", base_url=URL, temperature=0, num_predict=40)
    reply = counting.invoke("Count from one to ten: 1, 2, 3,", stop=[","])
    assert "," not in reply.content


def it_calls_tools_and_goes_on_with_their_answers():
    bound = caller.bind_tools([get_weather])
    question = HumanMessage("Weather in Paris?")
    asked = bound.invoke([question])
    (call,) = asked.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris", "days": 2}) and call["id"]
    answer = get_weather.invoke(call)
    assert isinstance(answer, ToolMessage) and answer.content == "sun over Paris for 2 days"
    answered = bound.invoke([question, asked, answer])
    assert answered.content == "It is sunny." and not answered.tool_calls
    streamed = list(bound.stream([question]))
    assert [call["args"] for part in streamed for call in part.tool_calls] == [{"city": "Paris", "days": 2}]


def it_fills_pydantic_models_typed_dicts_and_schemas():
    roomy = ChatOllama(model="smol", base_url=URL, temperature=0, num_predict=120)
    assert isinstance(roomy.with_structured_output(Animal).invoke("A llama."), Animal)
    mood = roomy.with_structured_output(Mood).invoke("How are you?")
    assert set(mood) == {"mood", "loud"} and mood["mood"] in ("good", "bad") and isinstance(mood["loud"], bool)
    schema = {"title": "Size", "type": "object", "properties": {"cm": {"type": "integer"}}, "required": ["cm"]}
    assert isinstance(roomy.with_structured_output(schema).invoke("How tall?")["cm"], int)
    raw = roomy.with_structured_output(Animal, include_raw=True).invoke("A dog.")
    assert raw["parsing_error"] is None and isinstance(raw["parsed"], Animal) and raw["raw"].content
    assert isinstance(roomy.with_structured_output(None, method="json_mode").invoke("An empty JSON object: {}"), dict)


def it_fills_a_pydantic_model_by_calling_a_tool():
    class get_weather(BaseModel):
        """Weather of a city."""

        city: str
        days: int

    filled = caller.with_structured_output(get_weather, method="function_calling").invoke("Weather?")
    assert filled == get_weather(city="Paris", days=2)


def it_tells_the_reasoning():
    reply = thinker.invoke("6 * 7?", reasoning=True)
    assert reply.content == "It is forty-two." and reply.additional_kwargs["reasoning_content"] == "Six times seven."
    parts = list(thinker.stream("6 * 7?", reasoning=True))
    assert "".join(part.additional_kwargs.get("reasoning_content", "") for part in parts) == "Six times seven."
    again = thinker.invoke([HumanMessage("6 * 7?"), reply, HumanMessage("Sure?")], reasoning=False)
    assert again.content == "Forty-two" and "reasoning_content" not in again.additional_kwargs


def it_tells_how_likely_each_token_was():
    reply = ChatOllama(model="smol", base_url=URL, temperature=0, num_predict=4, logprobs=True, top_logprobs=2).invoke("Hi")
    logprobs = reply.response_metadata["logprobs"]
    assert 0 < len(logprobs) <= 4 and all(len(entry["top_logprobs"]) == 2 for entry in logprobs)


def it_raises_what_the_server_says():
    refused(lambda: ChatOllama(model="absent", base_url=URL).invoke("Hi"), 404, "model 'absent' not found")
    refused(lambda: smol.bind_tools([get_weather]).invoke("Hi"), 400, "does not support tools")
    refused(lambda: smol.invoke("Hi", reasoning=True), 400, "does not support thinking")
    picture = {"type": "image_url", "image_url": f"data:image/png;base64,{PIXEL_BASE64}"}
    refused(lambda: smol.invoke([HumanMessage([{"type": "text", "text": "What?"}, picture])]), 400, "multimodal")


def it_completes_text():
    llm = OllamaLLM(model="smol", base_url=URL, temperature=0, num_predict=12)
    whole = llm.invoke("Say hello.")
    assert whole and "".join(llm.stream("Say hello.")) == whole
    result = llm.generate(["Say hello."])
    assert result.generations[0][0].generation_info["done_reason"] in ("stop", "length")


async def it_completes_text_asynchronously():
    llm = OllamaLLM(model="smol", base_url=URL, temperature=0, num_predict=12)
    whole = await llm.ainvoke("Say hello.")
    assert whole and "".join([part async for part in llm.astream("Say hello.")]) == whole


def it_embeds_and_finds():
    embeddings = OllamaEmbeddings(model="embedder", base_url=URL)
    vectors = embeddings.embed_documents(["llama", "alpaca", "a mountain"])
    assert [len(vector) for vector in vectors] == [64, 64, 64]
    query = embeddings.embed_query("alpaca")
    likeness = [sum(a * b for a, b in zip(query, vector)) for vector in vectors]
    assert max(likeness) == likeness[1] and math.isclose(likeness[1], 1, abs_tol=1e-4)


async def it_embeds_asynchronously_and_with_options():
    embeddings = OllamaEmbeddings(model="embedder", base_url=URL, num_ctx=256, temperature=0.5, dimensions=16)
    assert len(await embeddings.aembed_query("llama")) == 16
    assert [len(vector) for vector in await embeddings.aembed_documents(["a", "b"])] == [16, 16]
