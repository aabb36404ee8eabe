"""LlamaIndex's packages for Ollama and for servers like OpenAI's."""

import os
from typing import Literal

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.program.function_program import get_function_tool
from llama_index.core.tools import FunctionTool
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai_like import OpenAILike
from pydantic import BaseModel

URL = os.environ["OLLAMA_HOST"]
PARIS = "The capital of France is Paris."
QUESTION = "What is the capital of France?"


class City(BaseModel):
    """A city."""

    name: Literal["Paris", "Rome"]
    big: bool


def native(model, **more):
    return Ollama(model=model, base_url=URL, temperature=0, context_window=2048, additional_kwargs={"num_predict": 60}, **more)


def like(model, **more):
    return OpenAILike(
        model=model, api_base=f"{URL}/v1", api_key="none", temperature=0, max_tokens=60, context_window=2048, is_chat_model=True, max_retries=0, **more
    )


def get_weather(city: str, days: int) -> str:
    """Weather of a city."""
    return f"sun over {city} for {days} days"


CLIENTS = {"ollama": native, "openai_like": like}


def it_chats_and_streams():
    for name, make in CLIENTS.items():
        llm = make("smol")
        messages = [ChatMessage(role=MessageRole.USER, content=QUESTION)]
        reply = llm.chat(messages)
        assert reply.message.role == MessageRole.ASSISTANT and reply.message.content == PARIS, name
        parts = list(llm.stream_chat(messages))
        assert parts[-1].message.content == PARIS and "".join(part.delta or "" for part in parts) == PARIS, name


async def it_chats_and_streams_asynchronously():
    for name, make in CLIENTS.items():
        llm = make("smol")
        messages = [ChatMessage(role=MessageRole.SYSTEM, content="Be brief."), ChatMessage(content=QUESTION)]
        whole = (await llm.achat(messages)).message.content
        parts = [part.delta or "" async for part in await llm.astream_chat(messages)]
        assert whole and "".join(parts) == whole, name


def it_completes():
    for name, make in CLIENTS.items():
        llm = make("smol")
        assert llm.complete(QUESTION).text == PARIS, name
        assert list(llm.stream_complete(QUESTION))[-1].text == PARIS, name
    bare = OpenAILike(model="smol", api_base=f"{URL}/v1", api_key="none", temperature=0, max_tokens=12, is_chat_model=False, max_retries=0)
    assert bare.complete(QUESTION).text == PARIS


def it_calls_tools_and_goes_on_with_their_answers():
    weather = FunctionTool.from_defaults(get_weather)
    for name, make in CLIENTS.items():
        llm = make("caller", is_function_calling_model=True)
        question = ChatMessage(content="Weather in Paris?")
        asked = llm.chat_with_tools([weather], chat_history=[question])
        (call,) = llm.get_tool_calls_from_response(asked)
        assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Paris", "days": 2}), name
        answer = ChatMessage(
            role=MessageRole.TOOL,
            content=str(weather(**call.tool_kwargs)),
            additional_kwargs={"tool_call_id": call.tool_id, "name": call.tool_name},
        )
        answered = llm.chat_with_tools([weather], chat_history=[question, asked.message, answer])
        assert answered.message.content == "It is sunny.", name
        *_, last = llm.stream_chat_with_tools([weather], chat_history=[question])
        (call,) = llm.get_tool_calls_from_response(last)
        assert call.tool_kwargs == {"city": "Paris", "days": 2}, name


def it_calls_where_it_must():
    weather = FunctionTool.from_defaults(get_weather)
    llm = like("smol-tools", is_function_calling_model=True)
    forced = llm.chat_with_tools([weather], user_msg="Hello!", tool_required=True)
    (call,) = llm.get_tool_calls_from_response(forced)
    assert call.tool_name == "get_weather" and set(call.tool_kwargs) == {"city", "days"}


def it_fills_pydantic_models():
    for name, llm in {"ollama": native("smol"), "by a call": like("smol-tools", is_function_calling_model=True)}.items():
        filled = llm.as_structured_llm(City).chat([ChatMessage(content="A city.")])
        assert isinstance(filled.raw, City), name
    assert get_function_tool(City).metadata.name == "City"


def it_tells_the_reasoning():
    reply = native("thinker", thinking=True).chat([ChatMessage(content="6 * 7?")])
    assert [block.block_type for block in reply.message.blocks] == ["thinking", "text"] and reply.message.content == "It is forty-two."
