"""Instructor, which makes other clients answer in pydantic models: over OpenAI's and Anthropic's client, in each of its modes."""

import os
from typing import Literal

import anthropic
import instructor
import openai
from instructor.core import IncompleteOutputException, InstructorRetryException
from pydantic import BaseModel, Field

URL = os.environ["OLLAMA_HOST"]
plain = openai.OpenAI(base_url=f"{URL}/v1", api_key="none", max_retries=0)
aplain = openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key="none", max_retries=0)
MESSAGES = [{"role": "user", "content": "Ann is 30 years old and lives in Rome."}]
GREEDY = {"temperature": 0, "max_tokens": 80, "messages": MESSAGES, "max_retries": 0}


class Person(BaseModel):
    """A person."""

    city: Literal["Paris", "Rome"]
    age: int = Field(ge=0, le=120)


WEATHER = {"city": "Paris", "days": 2}


class get_weather(BaseModel):
    """Weather of a city."""

    city: str
    days: int


def it_fills_models_by_forced_calls():
    for mode in (instructor.Mode.TOOLS, instructor.Mode.TOOLS_STRICT):
        person = instructor.from_openai(plain, mode=mode).create(model="smol-tools", response_model=Person, **GREEDY)
        assert isinstance(person, Person), mode


def it_fills_models_by_schemas():
    person = instructor.from_openai(plain, mode=instructor.Mode.JSON_SCHEMA).create(model="smol", response_model=Person, **GREEDY)
    assert isinstance(person, Person)


def it_fills_models_by_what_it_says():
    called = instructor.from_openai(plain).create(model="caller", response_model=get_weather, **GREEDY)
    assert called.model_dump() == WEATHER
    person, reply = instructor.from_openai(plain, mode=instructor.Mode.JSON_SCHEMA).create_with_completion(
        model="smol", response_model=Person, **GREEDY
    )
    assert isinstance(person, Person) and reply.usage.total_tokens > 0


def it_streams_models_as_they_grow():
    client = instructor.from_openai(plain, mode=instructor.Mode.TOOLS)
    growing = list(client.create_partial(model="caller", response_model=get_weather, **GREEDY))
    assert growing[-1].model_dump() == WEATHER


async def it_fills_models_asynchronously():
    client = instructor.from_openai(aplain, mode=instructor.Mode.JSON_SCHEMA)
    assert isinstance(await client.create(model="smol", response_model=Person, **GREEDY), Person)


def it_fills_models_over_the_responses_api():
    client = instructor.from_openai(plain, mode=instructor.Mode.RESPONSES_TOOLS)
    called = client.create(model="caller", response_model=get_weather, messages=MESSAGES, max_retries=0)
    assert called.model_dump() == WEATHER


def it_fills_models_over_anthropics_client():
    client = instructor.from_anthropic(anthropic.Anthropic(base_url=URL, api_key="none", max_retries=0))
    fields = {"max_tokens": 80, "messages": MESSAGES, "max_retries": 0}
    assert isinstance(client.create(model="smol-tools", response_model=Person, **fields), Person)
    assert client.create(model="caller", response_model=get_weather, **fields).model_dump() == WEATHER


def it_comes_from_a_provider_s_name():
    client = instructor.from_provider("ollama/caller", base_url=f"{URL}/v1", mode=instructor.Mode.TOOLS)
    assert client.create(response_model=get_weather, messages=MESSAGES, max_retries=0).model_dump() == WEATHER


def it_gives_up_where_the_answer_is_cut():
    client = instructor.from_openai(plain, mode=instructor.Mode.JSON_SCHEMA)
    try:
        client.create(model="smol", response_model=Person, **{**GREEDY, "max_tokens": 2})
    except (InstructorRetryException, IncompleteOutputException):
        pass
    else:
        raise AssertionError("two tokens are no person")
