"""The vendor of simulated boards: its public points (65 bytes) by the name of the suite.

The private keys are published with the simulator (``biandun_simulator.release``), because they
protect only a simulation.  A hardware board has a vendor of its own.
"""

TARGET = "simulated"  # the target that a release manifest must name
SIMULATED = {
    "ES256": bytes.fromhex(
        "045326266722a2ffc0ab21b21533fd287cc7f95dd9590e6c5ece3463724ab5b564"
        "6a9b45692e66311bdf4127b9ec7dfb09a06c6f172088141300668713db78aca3"
    ),
    "SM2": bytes.fromhex(
        "04562717f03513f6bf69ea170b6c2b0a465823f5ca61214a8e8ea9bc01b804388c"
        "6d8dd14c60d845b0e7ea46c4bdea530d0841232207df84533506cc7ef2982dbf"
    ),
}
