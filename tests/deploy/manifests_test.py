#!/usr/bin/python3
"""The Kubernetes manifests: offline, against schemas and against what they run.

usage: manifests_test.py MINTMARKD [UNITTEST ARGUMENT...]

Of the distribution's Python, whose packages it needs.
"""

import copy
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import yaml

import kubernetes_schema
import kustomization
from kustomization import find

MINTMARKD = None
ROOT = pathlib.Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
VARIANTS = ("base", "overlays/three-replicas")


def by_name(objects):
    return sorted(objects, key=lambda each: (each["kind"], each["metadata"]["name"]))


def kubectl_renders():
    if shutil.which("kubectl") is None:
        return False
    said = subprocess.run(["kubectl", "version", "--client"], capture_output=True, text=True,
                          check=False).stdout
    return re.search(r"Kustomize Version: v[4-9]", said) is not None


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text).group(1))


class ManifestsTest(unittest.TestCase):
    maxDiff = None

    def each_variant(self):
        for variant in VARIANTS:
            objects = kustomization.render(KUBERNETES / variant)
            deployment = find(objects, "Deployment", "mintmark")
            yield objects, deployment, deployment["spec"]["template"]

    def test_all_objects_fit_their_schemas(self):
        for objects, _, _ in self.each_variant():
            for each in objects:
                self.assertEqual(kubernetes_schema.problems(each), [])
        example = yaml.safe_load((KUBERNETES / "base/secret.example.yaml").read_text())
        self.assertEqual(kubernetes_schema.problems(example), [])

    def test_the_schemas_catch_what_is_planted(self):
        objects = kustomization.render(KUBERNETES / "base")
        planted = [
            ("terminationGracePeriodSecond", 25, "no such field"),
            ("terminationGracePeriodSeconds", "25", "no int"),
            ("automountServiceAccountToken", "no", "no bool"),
            ("volumes", {"name": "config"}, "no list"),
            ("containers", None, "no list"),
            ("securityContext", {"seccompProfile": {"localhostProfile": "a"}}, "must not be"),
        ]
        for key, value, complaint in planted:
            with self.subTest(key=key, value=value):
                deployment = copy.deepcopy(find(objects, "Deployment", "mintmark"))
                deployment["spec"]["template"]["spec"][key] = value
                found = "\n".join(kubernetes_schema.problems(deployment))
                self.assertIn(complaint, found)
        deployment = copy.deepcopy(find(objects, "Deployment", "mintmark"))
        probe = deployment["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
        probe["grpc"] = {"port": "grpc", "services": "x"}
        self.assertEqual(len(kubernetes_schema.problems(deployment)), 2)
        del deployment["spec"]["selector"]
        self.assertEqual(len(kubernetes_schema.problems(deployment)), 3)
        self.assertEqual(len(kubernetes_schema.problems({"apiVersion": "apps/v2",
                                                         "kind": "Deployment"})), 1)

    def test_kubectl_renders_the_same(self):
        if not kubectl_renders():
            self.skipTest("there is no kubectl with kustomize 4 or newer")
        for variant in VARIANTS:
            rendered = subprocess.run(["kubectl", "kustomize", KUBERNETES / variant], check=True,
                                      stdout=subprocess.PIPE).stdout
            self.assertEqual(by_name(kustomization.render(KUBERNETES / variant)),
                             by_name(yaml.safe_load_all(rendered)))

    def test_the_renderer_refuses_what_it_does_not_know(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "kustomization.yaml")
            for text in ("namePrefix: a-", "configMapGenerator: [{name: a, literals: [b=c]}]",
                         "replicas: [{name: a, count: 3}]"):
                path.write_text(text, encoding="ascii")
                with self.assertRaises(kustomization.RenderError):
                    kustomization.render(directory)

    def test_names_lead_to_what_there_is(self):
        for objects, deployment, template in self.each_variant():
            labels = template["metadata"]["labels"]
            budget = find(objects, "PodDisruptionBudget", "mintmark")
            selectors = [deployment["spec"]["selector"]["matchLabels"],
                         budget["spec"]["selector"]["matchLabels"]]
            services = [each for each in objects if each["kind"] == "Service"]
            selectors += [service["spec"]["selector"] for service in services]
            selectors += [each["labelSelector"]["matchLabels"]
                          for each in template["spec"]["topologySpreadConstraints"]]
            for selector in selectors:
                self.assertLessEqual(selector.items(), labels.items())
            self.assertEqual(sorted(service["spec"].get("clusterIP", "") for service in services),
                             ["", "None"])
            for volume in template["spec"]["volumes"]:
                find(objects, "ConfigMap", volume["configMap"]["name"])
            secret = yaml.safe_load((KUBERNETES / "base/secret.example.yaml").read_text())
            store = template["spec"]["containers"][0]["env"][0]["valueFrom"]["secretKeyRef"]
            self.assertEqual(store["name"], secret["metadata"]["name"])
            self.assertIn(store["key"], secret["stringData"])

    def test_ports_and_probes_meet_the_server(self):
        for objects, _, template in self.each_variant():
            container = template["spec"]["containers"][0]
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            self.assertEqual(self.settings(objects)["listen"], f"0.0.0.0:{ports['grpc']}")
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                self.assertEqual(container[probe]["grpc"]["port"], ports["grpc"])
            for each in objects:
                if each["kind"] == "Service":
                    self.assertIn(each["spec"]["ports"][0]["targetPort"], ports)

    def test_the_server_takes_the_settings(self):
        for objects, _, _ in self.each_variant():
            (data,) = [each["data"] for each in objects if each["kind"] == "ConfigMap"]
            with tempfile.TemporaryDirectory() as directory:
                path = os.path.join(directory, "mintmarkd.toml")
                pathlib.Path(path).write_text(data["mintmarkd.toml"], encoding="utf-8")
                subprocess.run([MINTMARKD, f"--config={path}", "--print-config"], check=True,
                               stdout=subprocess.DEVNULL)

    def test_a_stop_has_the_time_it_takes(self):
        for objects, _, template in self.each_variant():
            hook = template["spec"]["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
            self.assertEqual(hook[:2], ["mintmark", "health"])
            needed = seconds(hook[2].removeprefix("--for=")) + seconds(
                self.settings(objects)["stop-timeout"])
            self.assertGreaterEqual(template["spec"]["terminationGracePeriodSeconds"], needed + 5)

    def test_pods_may_do_no_more_than_they_have_to(self):
        for _, _, template in self.each_variant():
            pod = template["spec"]["securityContext"]
            self.assertIs(pod["runAsNonRoot"], True)
            self.assertEqual(pod["seccompProfile"], {"type": "RuntimeDefault"})
            for container in template["spec"]["containers"]:
                self.assertEqual(container["securityContext"], {
                    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]}})
                self.assertIn("memory", container["resources"]["limits"])
                self.assertEqual(set(container["resources"]["requests"]), {"cpu", "memory"})

    def test_three_replicas_are_three(self):
        objects = kustomization.render(KUBERNETES / "overlays/three-replicas")
        spec = find(objects, "Deployment", "mintmark")["spec"]
        self.assertEqual(spec["replicas"], 3)
        self.assertEqual(spec["template"]["spec"]["topologySpreadConstraints"][0]
                         ["whenUnsatisfiable"], "DoNotSchedule")

    @staticmethod
    def settings(objects):
        (data,) = [each["data"] for each in objects if each["kind"] == "ConfigMap"]
        return dict(re.findall(r'^([a-z-]+) = "?([^"\n]*)"?$', data["mintmarkd.toml"],
                               re.MULTILINE))


if __name__ == "__main__":
    MINTMARKD = os.path.realpath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
