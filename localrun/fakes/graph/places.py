"""Rooms. Equipment is no place: only its mailbox's settings tell what it is."""

from __future__ import annotations

from localrun.fakes.graph.answers import Json
from localrun.fakes.graph.paging import directory_list
from localrun.fakes.graph.routing import Call, Route
from localrun.fakes.graph.tenant import User


def list_rooms(call: Call) -> Json:
    rooms = [user for user in call.tenant.users.values() if user.kind == "room"]
    return directory_list(call, rooms, room_json)


def list_room_lists(call: Call) -> Json:
    """There are none."""
    nothing: list[User] = []
    return directory_list(call, nothing, room_json)


def room_json(room: User) -> Json:
    return {
        "id": room.id,
        "emailAddress": room.upn,
        "displayName": room.name,
        "address": None,
        "geoCoordinates": None,
        "phone": None,
        "nickname": room.name,
        "label": None,
        "capacity": None,
        "building": None,
        "floorNumber": None,
        "floorLabel": None,
        "isWheelChairAccessible": None,
        "bookingType": "standard",
        "tags": [],
        "audioDeviceName": None,
        "videoDeviceName": None,
        "displayDeviceName": None,
        **room.place,
    }


ROUTES = (
    Route("/places/microsoft.graph.room", list_rooms, "Place.Read.All"),
    Route("/places/microsoft.graph.roomlist", list_room_lists, "Place.Read.All"),
)
