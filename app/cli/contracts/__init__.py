"""The commands about a contract: one is written (`init_command`), compared with its released form, and written in other formats
(`contract_commands`); a server (`check_command`) and the program of a consumer (`rehearse_command`) are held to one.
"""
