#!/usr/bin/python3
"""How a container engine runs the pod of a Kubernetes Deployment.

usage: pod_arguments.py KUSTOMIZATION SCRATCH SECRET_VALUE

Prints the arguments of `docker run`, from options to the server's arguments, each
followed by a NUL byte; a second list, after an empty argument, is the command of
preStop. Files of ConfigMaps go to the directory SCRATCH; every Secret reads
SECRET_VALUE. Refuses what it does not know, so that nothing of a pod goes untried.
"""

import os
import sys

import kustomization

_PASSED_OVER = {
    # Nothing in an engine corresponds to them, or the caller sees to them.
    "pod": {"automountServiceAccountToken", "enableServiceLinks", "topologySpreadConstraints",
            "terminationGracePeriodSeconds"},
    "container": {"name", "ports", "startupProbe", "readinessProbe", "livenessProbe"},
}


class UnknownField(Exception):
    """Something in the pod that this program does not turn into arguments."""


def take(mapping, key, wanted):
    """The value of `key`, which has to be `wanted`."""
    value = mapping.pop(key)
    if value != wanted:
        raise UnknownField(f"{key}: {value}")
    return value


def refuse_rest(mapping, where):
    if left := set(mapping) - _PASSED_OVER.get(where, set()):
        raise UnknownField(f"{where}: {', '.join(sorted(left))}")


def pod_security(security):
    take(security, "runAsNonRoot", True)
    # The engine's default is what RuntimeDefault means.
    take(security, "seccompProfile", {"type": "RuntimeDefault"})
    arguments = ["--user", f"{security.pop('runAsUser')}:{security.pop('runAsGroup')}"]
    refuse_rest(security, "securityContext of the pod")
    return arguments


def container_security(security):
    take(security, "allowPrivilegeEscalation", False)
    take(security, "readOnlyRootFilesystem", True)
    take(security, "capabilities", {"drop": ["ALL"]})
    refuse_rest(security, "securityContext of the container")
    return ["--security-opt", "no-new-privileges", "--read-only", "--cap-drop", "ALL"]


def environment(variables, secret):
    arguments = []
    for variable in variables:
        source = variable.get("valueFrom", {})
        if "secretKeyRef" in source:
            value = secret
        elif source == {"fieldRef": {"fieldPath": "metadata.name"}}:
            value = "mintmark-pod"
        elif "value" in variable:
            value = variable["value"]
        else:
            raise UnknownField(f"env: {variable}")
        arguments += ["--env", f"{variable['name']}={value}"]
    return arguments


def mounts(container, pod, objects, scratch):
    volumes = {volume["name"]: volume for volume in pod.pop("volumes")}
    arguments = []
    for mount in container.pop("volumeMounts"):
        config_map = kustomization.find(objects, "ConfigMap",
                                        volumes[mount["name"]]["configMap"]["name"])
        directory = os.path.join(scratch, mount["name"])
        os.makedirs(directory)
        for name, text in config_map["data"].items():
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                file.write(text)
        arguments += ["--volume", f"{os.path.abspath(directory)}:{mount['mountPath']}:ro"]
    return arguments


def main():
    directory, scratch, secret = sys.argv[1:]
    objects = kustomization.render(directory)
    pod = kustomization.find(objects, "Deployment", "mintmark")["spec"]["template"]["spec"]
    (container,) = pod.pop("containers")
    resources = container.pop("resources")
    memory = resources["limits"].pop("memory").replace("Gi", "g").replace("Mi", "m")
    refuse_rest(resources["limits"], "limits")
    pre_stop = take(container, "lifecycle", {"preStop": {
        "exec": container["lifecycle"]["preStop"]["exec"]}})["preStop"]["exec"]["command"]
    arguments = [
        *pod_security(pod.pop("securityContext")),
        *container_security(container.pop("securityContext")),
        *environment(container.pop("env"), secret),
        *mounts(container, pod, objects, scratch),
        "--memory", memory,
        container.pop("image"),
        *container.pop("args"),
    ]
    refuse_rest(pod, "pod")
    refuse_rest(container, "container")
    for argument in [*arguments, "", *pre_stop]:
        sys.stdout.write(argument + "\0")


if __name__ == "__main__":
    main()
