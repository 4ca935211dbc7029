#!/usr/bin/python3
"""The files that make images and containers say the same as the rest of the tree."""

import pathlib
import re
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


class ImageTest(unittest.TestCase):
    def setUp(self):
        self.version = re.search(r"^  VERSION (\S+)$", text("CMakeLists.txt"), re.MULTILINE)[1]

    def test_there_is_one_version(self):
        tag = f"mintmark:{self.version}"
        self.assertIn(f"ARG VERSION={self.version}\n", text("Dockerfile"))
        self.assertIn(f"MINTMARK_IMAGE:-{tag}}}", text("deploy/docker-compose.yml"))
        self.assertIn(f"#MINTMARK_IMAGE={tag}\n", text("deploy/.env.example"))
        self.assertIn(f"image: {tag}\n", text("deploy/kubernetes/base/deployment.yaml"))

    def test_the_image_can_be_built_without_buildkit(self):
        self.assertNotIn("--mount", text("Dockerfile"))

    def test_signals_reach_the_server(self):
        self.assertIn('\nENTRYPOINT ["mintmarkd"]\n', text("Dockerfile"))

    def test_the_example_names_every_setting_of_the_compose_file(self):
        used = set(re.findall(r"\$\{(\w+)", text("deploy/docker-compose.yml")))
        named = set(re.findall(r"^#?([A-Z_]+)=", text("deploy/.env.example"), re.MULTILINE))
        self.assertEqual(named - {"COMPOSE_PROJECT_NAME"}, used)

    def test_nothing_is_published_beyond_this_machine(self):
        services = yaml.safe_load(text("deploy/docker-compose.yml"))["services"]
        ports = [port for service in services.values() for port in service.get("ports", [])]
        self.assertEqual(len(ports), 1)
        self.assertTrue(ports[0].startswith("127.0.0.1:"), ports)

    def test_containers_stop_no_sooner_than_servers_do(self):
        server = yaml.safe_load(text("deploy/docker-compose.yml"))["services"]["mintmarkd"]
        self.assertEqual(server["stop_grace_period"], "15s")
        self.assertIn("Duration stop_timeout = std::chrono::seconds(10);",
                      text("server/config.h"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
