from dev.cluster.rules import is_bare, removals

OURS = r"""*nat
:POSTROUTING ACCEPT [0:0]
:CNI-1111 - [0:0]
:CNI-2222 - [0:0]
-A POSTROUTING -s 10.234.0.5/32 -m comment --comment "name: \"marianne-local\" id: \"abc\"" -j CNI-1111
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \"podman\" id: \"def\"" -j CNI-2222
-A CNI-1111 -d 10.234.0.0/24 -m comment --comment "name: \"marianne-local\" id: \"abc\"" -j ACCEPT
-A CNI-1111 ! -d 224.0.0.0/4 -m comment --comment "name: \"marianne-local\" id: \"abc\"" -j MASQUERADE
-A CNI-2222 ! -d 224.0.0.0/4 -m comment --comment "name: \"podman\" id: \"def\"" -j MASQUERADE
COMMIT
"""
PORTS = r"""*nat
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-DN-1111 - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \"marianne-local\" id: \"abc\"" -j CNI-DN-1111
-A CNI-DN-1111 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.234.0.5:80
"""
FOREIGN_PORT = r"""-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \"podman\" id: \"d\"" -j CNI-DN-2222
-A CNI-DN-2222 -p tcp -m tcp --dport 81 -j DNAT --to-destination 10.88.0.5:80
"""


def test_our_pods_chains_go_and_those_of_others_stay() -> None:
    found = removals(OURS, "marianne-local")
    assert [each[:2] for each in found] == [["-D", "POSTROUTING"], ["-F", "CNI-1111"], ["-X", "CNI-1111"]]
    assert 'name: "marianne-local" id: "abc"' in found[0]
    assert not any("CNI-2222" in each for each in found)


def test_the_shared_chains_of_ports_go_with_the_last_network_that_uses_them() -> None:
    found = removals(PORTS, "marianne-local")
    assert {tuple(each) for each in found if each[0] == "-X"} == {
        ("-X", "CNI-DN-1111"),
        ("-X", "CNI-HOSTPORT-DNAT"),
        ("-X", "CNI-HOSTPORT-MASQ"),
    }
    assert ["-D", "PREROUTING", "-m", "addrtype", "--dst-type", "LOCAL", "-j", "CNI-HOSTPORT-DNAT"] in found
    shared = removals(PORTS + FOREIGN_PORT, "marianne-local")
    assert [each for each in shared if each[0] == "-X"] == [["-X", "CNI-DN-1111"]]
    assert not any(each[:2] == ["-D", "PREROUTING"] for each in shared)


def test_a_machine_without_our_rules_is_left_alone() -> None:
    assert removals(OURS, "another") == []
    assert removals("", "marianne-local") == []


def test_a_table_with_a_rule_is_not_bare() -> None:
    chain = "\tchain POSTROUTING {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
    assert is_bare("table ip nat {\n" + chain + "\t}\n}\n")
    assert not is_bare("table ip nat {\n" + chain + "\t\tip saddr 10.0.0.1 masquerade\n\t}\n}\n")
